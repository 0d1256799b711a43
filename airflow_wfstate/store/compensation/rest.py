"""Rest: no compensation begins while a step of the workflow is open."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, and_, exists, func, select, text, update

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance, task_instance_history
from airflow_wfstate.store.database.transaction import Unchanged, run_transaction
from airflow_wfstate.store.steps.accepted import accept_step
from airflow_wfstate.store.steps.lost_attempt import mark_lost
from airflow_wfstate.store.steps.row import open_steps
from airflow_wfstate.store.steps.undo_order import give_positions
from airflow_wfstate.store.workflows.change import Change

_workflow, _step, _attempt = schema.workflow, schema.step, schema.attempt

# Steps of a service do not count: they have no attempts, nothing can ask the service to stop, and they may take days.
_IS_OPEN: Final = and_(_step.c.state.in_([state.value for state in OPEN_STEP_STATES]), _step.c.attempt > 0)


def come_to_rest(connection: Connection, change: Change) -> bool:
    """Return whether no step is open any more, after closing attempts whose task instance ended long enough ago.

    Such an attempt is marked lost, or accepted if someone marked it as success. Long enough is ``[wfstate]
    in_flight_grace_seconds``: until then its process may still be running. No step begins in a workflow that is being
    undone, so once it is at rest it stays at rest and is not checked again.
    """
    if change.at_rest:
        return True
    steps = open_steps(connection, change.workflow_id)
    long_ago = change.now - conf.in_flight_grace()
    ended_at = _ends_of_holders(connection, change.workflow_id) if steps else {}
    over = [step for step in steps if step.holder_is_over and (ended_at[step.id] or long_ago) <= long_ago]
    for step in over:
        if step.is_marked_done:
            accept_step(connection, change, step)
    mark_lost(change, [step for step in over if not step.is_marked_done])
    if len(over) < len(steps):
        return False
    if change.state is WorkflowState.COMPENSATING:
        give_positions(connection, change.workflow_id)
        change.come_to_rest()
    return True


def settle_cancelled(engine: Engine) -> None:
    """Record for each cancelled workflow without open steps that it is at rest, so that sweeps no longer check it."""
    run_transaction(engine, _settle_cancelled)


def _settle_cancelled(connection: Connection) -> int | Unchanged[int]:
    is_open = exists(select(_step.c.id).where(_step.c.workflow_id == _workflow.c.id, _IS_OPEN))
    settled = connection.execute(
        update(_workflow).where(text(schema.NOT_SETTLED), ~is_open).values(at_rest=True)
    ).rowcount
    return settled or Unchanged(0)


def _ends_of_holders(connection: Connection, workflow_id: str) -> dict[str, datetime | None]:
    """When the task instance of each open step's newest attempt ended; None when it has vanished without a trace."""
    rows = connection.execute(
        select(_step.c.id, func.coalesce(task_instance.c.end_date, task_instance_history.c.end_date).label("ended_at"))
        .join(_attempt, (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt))
        .outerjoin(task_instance, task_instance.c.id == _attempt.c.task_instance_id)
        .outerjoin(task_instance_history, task_instance_history.c.task_instance_id == _attempt.c.task_instance_id)
        .where(_step.c.workflow_id == workflow_id, _IS_OPEN)
    )
    return {row.id: row.ended_at for row in rows}
