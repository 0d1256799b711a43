"""Compensations of a workflow and people's decisions about them, a page at a time."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import ColumnElement, Connection, or_, select

from airflow_wfstate.domain.messages.compensation import CompensationSummary
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.messages.reading.pages import CompensationFilter, CompensationPage, StepCompensation
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import masked_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.journal import entries_of
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.places import read_places

_compensation, _step, _journal = schema.compensation, schema.step, schema.journal


def list_compensations(
    connection: Connection, workflow_id: str, before: int | None, limit: int, wanted: CompensationFilter | None
) -> CompensationPage:
    """A page of compensations, as described at ``StateBackend.list_compensations``."""
    check_limit(limit)
    if before is not None and not 0 < before < 2**62:
        raise InvalidRequest(f"There is no entry number {before}.", "Give next_before of the previous page.")
    workflow_id = check_exists(connection, workflow_id)
    statement = (
        select(_compensation, _step.c.participant, _step.c.place, _step.c.name, _step.c.item_key)
        .join(_step, _step.c.id == _compensation.c.step_id)
        .where(_compensation.c.workflow_id == workflow_id, *_conditions(wanted or CompensationFilter()))
    )
    if before is not None:
        statement = statement.where(_compensation.c.last_entry < before)
    rows = connection.execute(statement.order_by(_compensation.c.last_entry.desc()).limit(limit + 1)).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows[:limit]))
    labels = [places.name(row).label for row in rows[:limit]]
    decisions = _decisions(
        connection, workflow_id, {row.step_id: label for row, label in zip(rows, labels, strict=False)}
    )
    compensations = [
        StepCompensation(
            step_id=row.step_id,
            step=label,
            last_entry=row.last_entry,
            dag_id=row.dag_id,
            run_id=row.run_id,
            compensation=CompensationSummary(
                round=row.round,
                handler=row.handler,
                state=CompensationState(row.state),
                when=CompensateWhen(row.compensate_when),
                attempts=row.attempts,
                max_attempts=row.attempt_limit or row.max_attempts,
                error=masked_text(row.error),
                started_at=row.started_at,
                ended_at=row.ended_at,
            ),
            decisions=decisions[row.step_id],
        )
        for row, label in zip(rows, labels, strict=False)
    ]
    return CompensationPage(compensations, next_before=compensations[-1].last_entry if len(rows) > limit else None)


def _conditions(wanted: CompensationFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(_compensation.c.state.in_([state.value for state in wanted.states]))
    if wanted.dag_id is not None:
        conditions.append(_compensation.c.dag_id == wanted.dag_id)
    if wanted.run_id is not None:
        conditions.append(_compensation.c.run_id == wanted.run_id)
    return conditions


def _decisions(connection: Connection, workflow_id: str, labels: dict[str, str]) -> dict[str, list[JournalEntry]]:
    """People's decisions in order, by the id of the step that they are about.

    :param labels: the steps' labels, by id: entries written before revision 0007 have no id.
    """
    ids = {label: step_id for step_id, label in labels.items()}
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    rows = connection.execute(
        select(_journal)
        .where(
            _journal.c.workflow_id == workflow_id,
            or_(_journal.c.step_id.in_(labels), _journal.c.step_id.is_(None) & _journal.c.step.in_(ids)),
            schema.IS_END_OF_UNDO,
            or_(_journal.c.actor.startswith("user:"), _journal.c.actor.startswith("cli:")),
        )
        .order_by(_journal.c.number)
    ).all()
    for row, entry in zip(rows, entries_of(connection, rows), strict=True):
        if "event" not in entry.data:  # a service's answer names its sender, but is nobody's decision
            found[row.step_id or ids[row.step]].append(entry)
    return found
