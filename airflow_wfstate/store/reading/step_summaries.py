"""The steps of a workflow as they are shown to users."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.messages.compensation import CompensationSummary
from airflow_wfstate.domain.messages.step import AttemptSummary, CheckpointSummary, StepSummary
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.redaction import masked_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads.listed_payload import ListedPayload, listed_columns, listed_payload_of
from airflow_wfstate.store.payloads.redact_column import redacted_paths
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.payloads.size import size_columns
from airflow_wfstate.store.payloads.stored_payload import size_by_head
from airflow_wfstate.store.reading.attempt_process import UNKNOWN, read_processes
from airflow_wfstate.store.reading.step_waits import ended_with, read_waits
from airflow_wfstate.store.workflows.places import read_places

_step, _round, _attempt = schema.step, schema.round_, schema.attempt
_checkpoint, _compensation = schema.checkpoint, schema.compensation


def read_step_summaries(connection: Connection, step_ids: Sequence[str], *, whole: bool = False) -> list[StepSummary]:
    """The summaries of these steps, in the order of the ids: nine statements, however many steps.

    :param step_ids: ids of existing steps; at most as many as fit on a page.
    :param whole: whether to read outputs that are large or in files; otherwise only their type and size are shown.
    """
    if not step_ids:
        return []
    attempts = _read_attempts(connection, step_ids)
    checkpoints = _read_checkpoints(connection, step_ids)
    compensations = _read_compensations(connection, step_ids)
    outputs = _read_outputs(connection, step_ids, whole=whole)
    rows = connection.execute(select(_step).where(_step.c.id.in_(step_ids))).all()
    order = {step_id: position for position, step_id in enumerate(step_ids)}
    rows = sorted(rows, key=lambda row: order[row.id])
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return [
        StepSummary(
            id=row.id,
            participant=row.participant,
            name=row.name,
            item_key=row.item_key,
            state=StepState(row.state),
            round=row.round,
            started_at=row.started_at,
            updated_at=row.updated_at,
            attempts=attempts[row.id],
            checkpoints=checkpoints[row.id],
            compensations=compensations[row.id],
            output=_shown_output(outputs.get(row.id), row.redact),
            output_in_file=row.id in outputs and outputs[row.id].is_in_file,
            output_left_out=row.id in outputs and outputs[row.id].stored is None,
            output_type=outputs[row.id].type if row.id in outputs else None,
            output_size=outputs[row.id].size if row.id in outputs else None,
            output_sha256=outputs[row.id].sha256 if row.id in outputs else None,
            error=masked_text(row.error),
            place=places.of(row.participant, row.place).shown or None,
            parent_step_id=None if row.place == schema.NO_PLACE else row.place,
        )
        for row in rows
    ]


def _shown_output(output: ListedPayload | None, redact: str | None) -> Payload | None:
    return None if output is None else shown(output.stored, redacted_paths(redact))


def _read_attempts(connection: Connection, step_ids: Sequence[str]) -> dict[str, list[AttemptSummary]]:
    attempts: dict[str, list[AttemptSummary]] = defaultdict(list)
    waits = read_waits(connection, step_ids)
    rows = connection.execute(
        select(_attempt).where(_attempt.c.step_id.in_(step_ids)).order_by(_attempt.c.step_id, _attempt.c.number)
    )
    processes = read_processes(connection, step_ids)
    for row in rows:
        process = processes.get(row.task_instance_id, UNKNOWN)
        attempts[row.step_id].append(
            AttemptSummary(
                number=row.number,
                round=row.round,
                state=StepState(row.state),
                task_instance_id=row.task_instance_id,
                dag_id=row.dag_id,
                run_id=row.run_id,
                task_id=row.task_id,
                map_index=row.map_index,
                try_number=row.try_number,
                dag_version_id=row.dag_version_id,
                bundle_version=row.bundle_version,
                queued_at=process.queued_before(row.started_at),
                hostname=process.hostname,
                started_at=row.started_at,
                ended_at=row.ended_at,
                error=masked_text(row.error),
                waits=ended_with(row.ended_at, waits[row.step_id, row.number]),
            )
        )
    return attempts


def _read_checkpoints(connection: Connection, step_ids: Sequence[str]) -> dict[str, list[CheckpointSummary]]:
    checkpoints: dict[str, list[CheckpointSummary]] = defaultdict(list)
    rows = connection.execute(
        select(
            _checkpoint.c.step_id,
            _checkpoint.c.round,
            _checkpoint.c.name,
            _checkpoint.c.value_type,
            _checkpoint.c.value_sha256,
            _checkpoint.c.attempt,
            _checkpoint.c.saved_at,
            *size_columns(connection, _checkpoint.c.value),
        )
        .where(_checkpoint.c.step_id.in_(step_ids))
        .order_by(_checkpoint.c.step_id, _checkpoint.c.round, _checkpoint.c.name)
    )
    for row in rows:
        checkpoints[row.step_id].append(
            CheckpointSummary(
                round=row.round,
                name=row.name,
                type=row.value_type,
                size=size_by_head(row.head, row.length),
                sha256=row.value_sha256,
                attempt=row.attempt,
                saved_at=row.saved_at,
            )
        )
    return checkpoints


def _read_compensations(connection: Connection, step_ids: Sequence[str]) -> dict[str, list[CompensationSummary]]:
    compensations: dict[str, list[CompensationSummary]] = defaultdict(list)
    rows = connection.execute(
        select(_compensation)
        .where(_compensation.c.step_id.in_(step_ids))
        .order_by(_compensation.c.step_id, _compensation.c.round)
    )
    for row in rows:
        compensations[row.step_id].append(
            CompensationSummary(
                round=row.round,
                handler=row.handler,
                state=CompensationState(row.state),
                when=CompensateWhen(row.compensate_when),
                attempts=row.attempts,
                max_attempts=row.attempt_limit or row.max_attempts,
                error=masked_text(row.error),
                started_at=row.started_at,
                ended_at=row.ended_at,
            )
        )
    return compensations


def _read_outputs(connection: Connection, step_ids: Sequence[str], *, whole: bool) -> dict[str, ListedPayload]:
    """For each step, the output of the newest round that has one."""
    newest = (
        select(_round.c.step_id, func.max(_round.c.number).label("number"))
        .where(_round.c.step_id.in_(step_ids), _round.c.output.is_not(None))
        .group_by(_round.c.step_id)
        .subquery()
    )
    rows = connection.execute(
        select(_round.c.step_id, *listed_columns(connection, _round, "output", whole=whole)).join(
            newest, (newest.c.step_id == _round.c.step_id) & (newest.c.number == _round.c.number)
        )
    )
    outputs = {row.step_id: listed_payload_of(row, "output", whole=whole) for row in rows}
    return {step_id: output for step_id, output in outputs.items() if output is not None}
