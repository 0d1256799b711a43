"""Return values of tasks, as Airflow keeps them for downstream tasks (the XCom ``return_value``)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, select, tuple_

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance, xcom

_KEY: Final = "return_value"
"""The XCom's key (airflow.models.xcom: XCOM_RETURN_KEY)."""

_step, _round, _attempt = schema.step, schema.round_, schema.attempt


@dataclass(frozen=True)
class LostValue:
    """A task that succeeded at a step and returned something, but whose return value Airflow no longer has.

    :param step: the name of the step; a mapped one counts once.
    """

    dag_id: str
    run_id: str
    task_id: str
    step: str


def lost_values(connection: Connection, workflow_id: str, runs: Collection[tuple[str, str]]) -> list[LostValue]:
    """The lost return values in some runs of a workflow; ``airflow db clean`` causes them.

    :param runs: pairs of DAG id and run id.
    """
    kept = exists().where(
        xcom.c.dag_id == _attempt.c.dag_id,
        xcom.c.run_id == _attempt.c.run_id,
        xcom.c.task_id == _attempt.c.task_id,
        xcom.c.map_index == _attempt.c.map_index,
        xcom.c.key == _KEY,
    )
    lost = (
        select(_attempt.c.dag_id, _attempt.c.run_id, _attempt.c.task_id, _step.c.name)
        .distinct()
        .join(_attempt, (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt))
        .join(_round, (_round.c.step_id == _step.c.id) & (_round.c.number == _step.c.round))
        .join(task_instance, task_instance.c.id == _attempt.c.task_instance_id)
        .where(
            _step.c.workflow_id == workflow_id,
            _step.c.state == StepState.SUCCEEDED.value,
            _round.c.output_sha256 != Payload.of(None).sha256,
            task_instance.c.state == "success",
            tuple_(_attempt.c.dag_id, _attempt.c.run_id).in_(list(runs)),
            ~kept,
        )
        .order_by(_attempt.c.dag_id, _attempt.c.run_id, _attempt.c.task_id, _step.c.name)
    )
    return [LostValue(*row) for row in connection.execute(lost)]
