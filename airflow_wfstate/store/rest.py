"""Rest: no compensation begins while a step of the workflow is open."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select

from airflow_wfstate import conf
from airflow_wfstate.store.accepted_steps import accept_step
from airflow_wfstate.store.airflow_tables import task_instance, task_instance_history
from airflow_wfstate.store.change import Change
from airflow_wfstate.store.lost_attempt import mark_lost
from airflow_wfstate.store.step_row import StepRow, open_steps


def come_to_rest(connection: Connection, change: Change) -> bool:
    """Whether no step is open any more; attempts whose task instance is over for long enough are marked lost,
    or accepted where a person has marked it as success.

    Long enough is ``[wfstate] in_flight_grace_seconds``: until then their process may still be at work.
    """
    at_rest = True
    for step in open_steps(connection, change.workflow_id):
        if step.holder_is_over and is_over_since(connection, change, step, conf.in_flight_grace()):
            if step.is_marked_done:
                accept_step(connection, change, step)
            else:
                mark_lost(change, step)
        else:
            at_rest = False
    return at_rest


def is_over_since(connection: Connection, change: Change, step: StepRow, grace: timedelta) -> bool:
    """Whether the task instance of a step's newest attempt ended at least ``grace`` ago, or is gone without a trace."""
    ended_at = connection.execute(
        select(task_instance.c.end_date).where(task_instance.c.id == step.task_instance_id)
    ).scalar_one_or_none()
    if ended_at is None:
        ended_at = connection.execute(
            select(task_instance_history.c.end_date).where(
                task_instance_history.c.task_instance_id == step.task_instance_id
            )
        ).scalar_one_or_none()
    return ended_at is None or ended_at + grace <= change.now
