"""What tasks have returned, as Airflow keeps it for the tasks below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.serialization.definitions.dag import SerializedDAG

_KEY: Final = "return_value"
"""Of the XCom that holds it (airflow.models.xcom: XCOM_RETURN_KEY)."""


class ReturnedValues:
    """The tasks of a run whose return value is still there.

    :param dag: in the version that the run uses.
    """

    def __init__(self, session: Session, dag: SerializedDAG, run: DagRun) -> None:
        from airflow.models.xcom import XComModel

        self._dag = dag
        of_run = select(XComModel.task_id, XComModel.map_index).where(
            XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id, XComModel.key == _KEY
        )
        self._kept = {(task_id, map_index) for task_id, map_index in session.connection().execute(of_run)}

    def is_lost(self, task_id: str, map_index: int) -> bool:
        """Whether a task that has returned something keeps it for those below, and it is gone."""
        task = self._dag.task_dict.get(task_id)
        pushes = task is not None and getattr(task, "do_xcom_push", True)
        return pushes and (task_id, map_index) not in self._kept
