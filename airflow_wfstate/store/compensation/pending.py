"""The compensations that a workflow still needs: all of them in order, or just the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.undo_order import CompensateWhen, Compensation, compensation_order
from airflow_wfstate.exceptions import PayloadDamaged
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads.listed_payload import listed_columns, listed_payload_of
from airflow_wfstate.store.payloads.redact_column import redacted_paths
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, stored_payload_of
from airflow_wfstate.store.steps.undo_order import UndoPlace, is_to_do, next_in_line
from airflow_wfstate.store.workflows.places import Places, places_of_workflow, read_places

_compensation, _step, _round = schema.compensation, schema.step, schema.round_

_OUTPUT: Final = (_round.c.output, _round.c.output_type, _round.c.output_sha256)
_PLACE: Final = ("after_position", "after_step_id", "after_round")


@dataclass(frozen=True)
class PendingCompensation:
    """A pending compensation, with the data needed to run it.

    :param error: the error of the last failed attempt.
    :param task_instance_id: the relay that ran the last attempt; None when there was none.
    :param began_at: when that attempt began; None when there was none.
    :param attempt_ended: whether its end was recorded.
    :param called: the step's name, place and item.
    :param output: the round's output, unopened; None when there is none or it was not requested.
    :param redact: the parts of the output that are hidden from users.
    :param dag_id: with ``run_id``: the run whose relay runs it; both empty for a step of a service.
    :param answer_due_at: when the service's answer is due; None when no answer is awaited.
    """

    step_id: str
    round: int
    state: CompensationState
    handler: str
    attempts: int
    max_attempts: int
    error: str | None
    task_instance_id: str | None
    began_at: datetime | None
    attempt_ended: bool
    dag_id: str
    run_id: str
    called: StepName
    output: StoredPayload | None
    redact: tuple[str, ...]
    answer_due_at: datetime | None = None

    @property
    def is_of_service(self) -> bool:
        """Whether a service did the step and is asked to undo it, so that no relay runs the compensation."""
        return self.run_id == schema.NO_RUN

    @property
    def label(self) -> str:
        """The step's label, as users and the journal see it."""
        return self.called.label

    def why_no_output(self) -> str | None:
        """Return why the handler cannot be given the output, in one sentence; None if it can or there is no output."""
        try:
            if self.output is not None:
                self.output.open()
        except PayloadDamaged as error:
            return f"The output of step {self.label}, which its compensation needs, cannot be read: {error.reason}"
        return None


def pending_compensations(
    connection: Connection, workflow_id: str, *, with_discarded: bool = False, with_outputs: bool = False
) -> list[PendingCompensation]:
    """All pending compensations, in the order in which they run (``domain.compensation.compensation_order``).

    :param with_discarded: treat compensations that were discarded when the workflow succeeded as armed.
    :param with_outputs: also read the outputs of the rounds, except large ones; outputs in files stay unopened.
    """
    found = _select(*listed_columns(connection, _round, "output")) if with_outputs else _select()
    places = places_of_workflow(connection, workflow_id)
    pending: dict[tuple[str, int], PendingCompensation] = {}
    undos: list[Compensation] = []
    # Row by row: loading ten thousand rows at once would trigger a garbage collection of the whole process.
    for row in connection.execute(
        found.where(_compensation.c.workflow_id == workflow_id, is_to_do(with_discarded=with_discarded))
    ):
        state = _state(row.state, with_discarded=with_discarded)
        listed = listed_payload_of(row, "output", whole=True) if with_outputs else None
        pending[row.step_id, row.round] = _pending(row, state, places, None if listed is None else listed.stored)
        undos.append(
            Compensation(
                step_id=row.step_id,
                round=row.round,
                state=state,
                when=CompensateWhen(row.compensate_when),
                ended_entry=row.last_entry,
                round_state=StepState(row.round_state),
            )
        )
    return [pending[undo.step_id, undo.round] for undo in compensation_order(undos)]


def next_compensation(
    connection: Connection, workflow_id: str, *, after: UndoPlace | None = None, skip_failed: bool = False
) -> tuple[UndoPlace, PendingCompensation] | None:
    """The next compensation of a workflow at rest, with its output and its place in the order; None when none is left.

    One statement, whose cost does not depend on the number of compensations.

    :param after: start after this place.
    :param skip_failed: skip those that have failed permanently.
    """
    behind = {} if after is None else dict(zip(_PLACE, after, strict=True))
    statement = _next(behind=after is not None, skip_failed=skip_failed)
    row = connection.execute(statement, {"workflow_id": workflow_id, **behind}).one_or_none()
    if row is None:
        return None
    places = read_places(connection, [(row.participant, row.place)])
    output = stored_payload_of(row.output, row.output_type, row.output_sha256)
    pending = _pending(row, CompensationState(row.state), places, output)
    return (row.position, row.step_id, row.round), pending


def read_compensation(connection: Connection, step_id: str, round_number: int) -> PendingCompensation:
    """The compensation recorded for a round, with its output, whatever its state."""
    of_round = (_compensation.c.step_id == step_id, _compensation.c.round == round_number)
    row = connection.execute(_select(*_OUTPUT).where(*of_round)).one()
    places = read_places(connection, [(row.participant, row.place)])
    output = stored_payload_of(row.output, row.output_type, row.output_sha256)
    return _pending(row, CompensationState(row.state), places, output)


@lru_cache
def _next(*, behind: bool, skip_failed: bool) -> Select[Any]:
    # A subquery makes the database look for the next one first, whatever its statistics say.
    following = next_in_line(behind=behind, skip_failed=skip_failed).subquery()
    return _select(*_OUTPUT).join(
        following, (following.c.step_id == _compensation.c.step_id) & (following.c.round == _compensation.c.round)
    )


def _select(*columns: Any) -> Select[Any]:
    return (
        select(
            _compensation,
            _step.c.participant,
            _step.c.place,
            _step.c.name,
            _step.c.item_key,
            _step.c.redact,
            _round.c.state.label("round_state"),
            *columns,
        )
        .join(_step, _step.c.id == _compensation.c.step_id)
        .join(_round, (_round.c.step_id == _compensation.c.step_id) & (_round.c.number == _compensation.c.round))
    )


def _pending(
    row: Row[Any], state: CompensationState, places: Places, output: StoredPayload | None
) -> PendingCompensation:
    return PendingCompensation(
        step_id=row.step_id,
        round=row.round,
        state=state,
        handler=row.handler,
        attempts=row.attempts,
        max_attempts=row.attempt_limit or row.max_attempts,
        error=row.error,
        task_instance_id=row.task_instance_id,
        began_at=row.started_at,
        attempt_ended=row.ended_at is not None,
        dag_id=row.dag_id,
        run_id=row.run_id,
        called=places.name(row),
        output=output,
        redact=redacted_paths(row.redact),
        answer_due_at=row.answer_due_at,
    )


def _state(state: str, *, with_discarded: bool) -> CompensationState:
    found = CompensationState(state)
    return CompensationState.ARMED if with_discarded and found is CompensationState.DISCARDED else found
