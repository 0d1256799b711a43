"""What is still to be undone of a workflow, in the domain's order."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from airflow_wfstate.domain.compensation import CompensateWhen, Compensation, compensation_order
from airflow_wfstate.domain.states import CompensationState, StepState
from airflow_wfstate.domain.step_name import StepName
from airflow_wfstate.exceptions import PayloadDamaged
from airflow_wfstate.store import schema
from airflow_wfstate.store.places import read_places
from airflow_wfstate.store.redact_column import redacted_paths
from airflow_wfstate.store.step_row import open_steps
from airflow_wfstate.store.stored_payload import StoredPayload, stored_payload_of


@dataclass(frozen=True)
class PendingCompensation:
    """A compensation that is to be run, with what running it needs.

    :param error: of the last attempt that failed.
    :param task_instance_id: of the relay that ran its last attempt; None when none did.
    :param attempt_ended: whether the end of that attempt was recorded.
    :param called: what its step is called.
    :param output: of the round, unopened; None when it has none.
    :param redact: what of it people do not get to see.
    :param dag_id: with ``run_id``: of the run whose relay runs it.
    """

    step_id: str
    round: int
    state: CompensationState
    handler: str
    attempts: int
    max_attempts: int
    error: str | None
    task_instance_id: str | None
    attempt_ended: bool
    dag_id: str
    run_id: str
    called: StepName
    output: StoredPayload | None
    redact: tuple[str, ...]

    @property
    def label(self) -> str:
        """How people and the journal name its step."""
        return self.called.label

    def why_no_output(self) -> str | None:
        """Why its handler cannot be given the output, in one sentence; None when it can, or there is none."""
        try:
            if self.output is not None:
                self.output.open()
        except PayloadDamaged as error:
            return f"The output of step {self.label}, which its undo is given, cannot be read: {error.reason}"
        return None


def pending_compensations(
    connection: Connection, workflow_id: str, *, with_discarded: bool = False
) -> list[PendingCompensation]:
    """What is to be undone, the next one first (``domain.compensation.compensation_order``).

    :param with_discarded: what was discarded when the workflow succeeded counts as armed.
    """
    compensation, step, round_ = schema.compensation, schema.step, schema.round_
    rows = connection.execute(
        select(
            compensation,
            step.c.participant,
            step.c.place,
            step.c.name,
            step.c.item_key,
            step.c.redact,
            round_.c.state.label("round_state"),
            round_.c.last_entry,
            round_.c.output,
            round_.c.output_type,
            round_.c.output_sha256,
        )
        .join(step, step.c.id == compensation.c.step_id)
        .join(round_, (round_.c.step_id == compensation.c.step_id) & (round_.c.number == compensation.c.round))
        .where(compensation.c.workflow_id == workflow_id)
    ).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    by_key = {(row.step_id, row.round): row for row in rows}
    order = compensation_order(
        Compensation(
            step_id=row.step_id,
            round=row.round,
            state=_state(row.state, with_discarded=with_discarded),
            when=CompensateWhen(row.compensate_when),
            ended_entry=row.last_entry,
            round_state=StepState(row.round_state),
        )
        for row in rows
    )
    pending = []
    for item in order:
        row = by_key[item.step_id, item.round]
        pending.append(
            PendingCompensation(
                step_id=row.step_id,
                round=row.round,
                state=item.state,
                handler=row.handler,
                attempts=row.attempts,
                max_attempts=row.attempt_limit or row.max_attempts,
                error=row.error,
                task_instance_id=row.task_instance_id,
                attempt_ended=row.ended_at is not None,
                dag_id=row.dag_id,
                run_id=row.run_id,
                called=places.name(row),
                output=stored_payload_of(row.output, row.output_type, row.output_sha256),
                redact=redacted_paths(row.redact),
            )
        )
    return pending


def _state(state: str, *, with_discarded: bool) -> CompensationState:
    found = CompensationState(state)
    return CompensationState.ARMED if with_discarded and found is CompensationState.DISCARDED else found


def has_something_to_undo(connection: Connection, workflow_id: str) -> bool:
    """Whether anything is to be undone, or may be when the steps that are at work have ended."""
    return bool(pending_compensations(connection, workflow_id)) or any(
        step.compensation_state is CompensationState.ARMED for step in open_steps(connection, workflow_id)
    )
