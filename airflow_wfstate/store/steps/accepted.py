"""Accepted steps: a person marked the task or the run as success manually, so that the workflow continues.

The step becomes skipped. Nobody knows what it did, so its round is lost but keeps its compensation, which runs in its
place if the workflow is compensated later. The step's process may still report how the attempt ended.

A step reports its end before its task does, so a successful task whose step never reported success has been marked.
The audit table ``log`` shows who marked it, where the process may read that table. What a mark of a whole run accepts
can only be read from ``log``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Row, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, predecessors
from airflow_wfstate.store.database import audit, schema
from airflow_wfstate.store.database.airflow_tables import dag_run
from airflow_wfstate.store.steps.row import StepRow, steps_marked_done, unaccepted_steps_of_run
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.deciding_runs import failed_deciding_runs

_run, _attempt = schema.run, schema.attempt


def accept_marked_steps(connection: Connection, change: Change) -> None:
    """Accept every step whose task was marked as success manually."""
    for step in steps_marked_done(connection, change.workflow_id):
        accept_step(connection, change, step)


def accept_step(connection: Connection, change: Change, step: StepRow) -> None:
    """Accept a step whose task was marked as success manually."""
    person = None
    if audit.is_readable(connection):
        began_at = connection.execute(
            select(_attempt.c.started_at).where(_attempt.c.step_id == step.id, _attempt.c.number == step.attempt)
        ).scalar_one()
        place = (step.dag_id, step.run_id, step.task_id, step.map_index)
        person = audit.who_marked_task(connection, *place, states=["success"], since=began_at)
    _accept(change, step, "task", person or audit.SOMEBODY)


def accept_steps_of_run(connection: Connection, change: Change, dag_id: str, run_id: str) -> str | None:
    """Accept all open, failed or lost steps of a run marked as success. Return who marked it; None if nobody did."""
    person = who_accepted_run(connection, dag_id, run_id)
    if person is not None:
        for step in unaccepted_steps_of_run(connection, change.workflow_id, dag_id, run_id):
            _accept(change, step, "run", person)
    return person


def unaccepted_failed_run(
    connection: Connection, workflow_id: str, *, but: tuple[str, str] | None = None
) -> Row[tuple[str, str, str]] | None:
    """The deciding run that failed first and that nobody has accepted: DAG id, run id and state.

    :param but: DAG id and run id of a run to leave out.
    """
    for run in failed_deciding_runs(connection, workflow_id):
        if (run.dag_id, run.run_id) != but and who_accepted_run(connection, run.dag_id, run.run_id) is None:
            return run
    return None


def who_accepted_run(connection: Connection, dag_id: str, run_id: str) -> str | None:
    """Return who marked the run as success manually since its last clear; None if nobody did or it cannot be known."""
    if not audit.is_readable(connection):
        return None
    queued_at: datetime | None = connection.execute(
        select(dag_run.c.queued_at).where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    ).scalar_one_or_none()
    linked_at: datetime | None = connection.execute(
        select(_run.c.linked_at).where(_run.c.dag_id == dag_id, _run.c.run_id == run_id, _run.c.bound)
    ).scalar_one_or_none()
    if linked_at is None:
        return None
    since = linked_at if queued_at is None else max(linked_at, queued_at)
    return audit.who_marked_run(connection, dag_id, run_id, "success", since)


def _accept(change: Change, step: StepRow, marked: str, person: str) -> None:
    """Make the step skipped.

    :param marked: what the person marked, ``task`` or ``run``.
    """
    change.journal(
        EntryKind.STEP_SKIPPED,
        step=step.label,
        step_id=step.id,
        attempt=step.attempt,
        data={
            "by_hand": True,
            "marked": marked,
            "person": person,
            "from": step.state.value,
            "task_instance_id": step.task_instance_id,
        },
    )
    if step.state in OPEN_STEP_STATES:
        change.update(
            schema.attempt,
            where={"step_id": step.id, "number": step.attempt},
            values={"state": StepState.LOST.value, "ended_at": change.now},
            from_states=predecessors(StepState.LOST),
        )
    change.update(
        schema.step,
        where={"id": step.id, "attempt": step.attempt},
        values={"state": StepState.SKIPPED.value, "error": None, "updated_at": change.now},
        from_states=predecessors(StepState.SKIPPED),
    )
    # last_entry stays unchanged, as for a lost round, so the compensation keeps its place in the order.
    change.update(
        schema.round_, where={"step_id": step.id, "number": step.round}, values={"state": StepState.LOST.value}
    )
