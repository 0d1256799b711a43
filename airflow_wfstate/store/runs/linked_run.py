"""The runs of a workflow, each with its DAG run if that exists, read through Airflow's own models.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.store.database import schema

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

_run: Final = schema.run


@dataclass(frozen=True)
class LinkedDagRun:
    """A run that is bound to a workflow.

    :param parent_step_id: for a child, the step that triggers it.
    :param dag_run: None when the run is gone, or was never created.
    """

    dag_id: str
    run_id: str
    role: RunRole
    relay_task_id: str | None
    parent_step_id: str | None
    dag_run: DagRun | None

    @property
    def key(self) -> tuple[str, str]:
        """The run's identity: DAG id and run id."""
        return self.dag_id, self.run_id

    @property
    def state(self) -> str | None:
        """Airflow's state of the run; None when it is gone."""
        return None if self.dag_run is None else str(self.dag_run.state)

    @property
    def decides(self) -> bool:
        """Whether the run decides how the workflow ends."""
        return self.role.decides


def linked_dag_runs(session: Session, workflow_id: str) -> list[LinkedDagRun]:
    """The runs that are bound to a workflow, in the order in which they were linked."""
    from airflow.models.dagrun import DagRun

    found = (
        select(DagRun)
        .join(_run, (_run.c.dag_id == DagRun.dag_id) & (_run.c.run_id == DagRun.run_id))
        .where(_run.c.workflow_id == workflow_id, _run.c.bound)
        .order_by(DagRun.id)
        .execution_options(populate_existing=True)
    )
    existing = {(run.dag_id, run.run_id): run for run in session.scalars(found)}
    rows = session.execute(
        select(_run)
        .where(_run.c.workflow_id == workflow_id, _run.c.bound)
        .order_by(_run.c.linked_at, _run.c.dag_id, _run.c.run_id)
    )
    return [
        LinkedDagRun(
            dag_id=row.dag_id,
            run_id=row.run_id,
            role=RunRole(row.role),
            relay_task_id=row.relay_task_id,
            parent_step_id=row.parent_step_id,
            dag_run=existing.get((row.dag_id, row.run_id)),
        )
        for row in rows
    ]
