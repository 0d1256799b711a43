"""A child run that a step already has, from its round or from an earlier round and since resumed.

The step then waits for that run and triggers no other.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run
from airflow_wfstate.store.steps.row import StepRow

_run, _attempt = schema.run, schema.attempt


def child_of_round(connection: Connection, step: StepRow, dag_id: str) -> str | None:
    """The id of the DAG run that the newest round of the step has linked; None when it has linked none.

    An attempt may request another id than the one before, since the id contains the step's name, which may change.
    """
    round_began = select(func.min(_attempt.c.started_at)).where(
        _attempt.c.step_id == step.id, _attempt.c.round == step.round
    )
    run_id: str | None = connection.execute(
        select(_run.c.run_id)
        .where(
            _run.c.parent_step_id == step.id,
            _run.c.dag_id == dag_id,
            _run.c.bound,
            _run.c.linked_at >= round_began.scalar_subquery(),
        )
        .order_by(_run.c.linked_at, _run.c.run_id)
        .limit(1)
    ).scalar_one_or_none()
    return run_id


def resumed_child(connection: Connection, step: StepRow, dag_id: str) -> str | None:
    """The id of an earlier round's run that was resumed; None when the newest round needs its own run.

    It needs its own in the first round, when the round has already linked a run, and when the step's last run has not
    been cleared since the round before ended. (A restart clears a child together with the step that waits for it.)
    """
    if step.round == 1:
        return None
    newest = connection.execute(
        select(_run.c.run_id, _run.c.linked_at, dag_run.c.clear_number, dag_run.c.queued_at)
        .join(dag_run, (dag_run.c.dag_id == _run.c.dag_id) & (dag_run.c.run_id == _run.c.run_id))
        .where(_run.c.parent_step_id == step.id, _run.c.dag_id == dag_id, _run.c.bound)
        .order_by(_run.c.linked_at.desc(), _run.c.run_id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.clear_number == 0:
        return None
    round_began = connection.execute(
        select(func.min(_attempt.c.started_at)).where(_attempt.c.step_id == step.id, _attempt.c.round == step.round)
    ).scalar_one()
    if newest.linked_at >= round_began:
        return None
    ended_before = connection.execute(
        select(func.max(_attempt.c.ended_at)).where(_attempt.c.step_id == step.id, _attempt.c.round == step.round - 1)
    ).scalar_one()
    # Every clear sets queued_at again, whatever the run's state. The run's start is no evidence of a clear: it may come
    # much later.
    is_cleared_since = newest.queued_at is not None and newest.queued_at > ended_before
    run_id: str = newest.run_id
    return run_id if is_cleared_since else None
