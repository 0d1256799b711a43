"""Lists of workflows, paged by keyset so that pages stay right while rows are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from airflow_wfstate.domain.messages.workflow import WorkflowPage, WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.definition import parse_definition
from airflow_wfstate.domain.rules.flag import Flag, FlaggedRow
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.plan import PlannedStep, count_items
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, WorkflowState
from airflow_wfstate.domain.rules.text.error_line import error_line
from airflow_wfstate.redaction import masked_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists import by_duration, last_progress
from airflow_wfstate.store.reading.lists.failed_steps import Failure
from airflow_wfstate.store.reading.lists.kept_counts import KEPT_COUNTS
from airflow_wfstate.store.reading.lists.listed_failures import listed_failures
from airflow_wfstate.store.reading.lists.shown_flags import flags_of
from airflow_wfstate.store.reading.lists.workflow_cursor import behind, cursor_behind, order_of
from airflow_wfstate.store.reading.lists.workflow_filter import conditions_of, few_readable, simplified
from airflow_wfstate.store.reading.participation import Participation, participation_of
from airflow_wfstate.store.workflows.labels import labels_of

_workflow = schema.workflow

SUMMARY_COLUMNS: Final = (
    _workflow.c.id,
    _workflow.c.name,
    _workflow.c.key,
    _workflow.c.generation,
    _workflow.c.correlation_id,
    _workflow.c.state,
    _workflow.c.version,
    _workflow.c.on_failure,
    _workflow.c.error,
    _workflow.c.hold_reason,
    _workflow.c.started_at,
    _workflow.c.updated_at,
    _workflow.c.state_changed_at,
    _workflow.c.forward_ended_at,
    _workflow.c.ended_at,
    _workflow.c.deadline_at,
    schema.definition.c.content,
)


def list_workflows(connection: Connection, query: WorkflowQuery) -> WorkflowPage:
    """A page of workflows, as described at ``StateBackend.list_workflows``."""
    check_limit(query.limit)
    query = simplified(connection, query)
    readable_ids = few_readable(connection, query)
    conditions = conditions_of(connection, query, readable_ids, of_first_rows=True)
    page, next_cursor = _read_page(connection, query, conditions)
    workflow_ids = [row.id for row in page]
    steps = KEPT_COUNTS.of(connection, {row.id: row.version for row in page})
    labels, participation = labels_of(connection, workflow_ids), participation_of(connection, workflow_ids)
    failures = listed_failures(connection, page, steps)
    flags = flags_of(connection, [flagged_row(row, participation[row.id].owner) for row in page])
    return WorkflowPage(
        workflows=[
            _brief(
                summary_of(
                    row, steps[row.id], flags[row.id], labels[row.id], participation[row.id], failures.get(row.id)
                )
            )
            for row in page
        ],
        next_cursor=next_cursor,
        total=_count(connection, conditions_of(connection, query, readable_ids)) if query.with_total else None,
    )


def _read_page(
    connection: Connection, query: WorkflowQuery, conditions: list[ColumnElement[bool]]
) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows of a page, and the cursor of the next one; None when this is the last."""
    if query.sort in by_duration.SORTS:
        return by_duration.read_page(connection, query, select_summaries(), conditions)
    if query.sort in last_progress.SORTS:
        conditions = [last_progress.is_on_page(query, conditions, query.limit + 1)]
    elif (further := behind(query)) is not None:
        conditions.append(further)
    statement = select_summaries().where(*conditions)
    rows = connection.execute(statement.order_by(*order_of(query.sort)).limit(query.limit + 1)).all()
    page = rows[: query.limit]
    return page, cursor_behind(page[-1], query) if len(rows) > query.limit else None


def select_summaries() -> Select[tuple[object, ...]]:
    """The columns that :func:`summary_of` reads."""
    return select(*SUMMARY_COLUMNS).join(
        schema.definition,
        (schema.definition.c.name == _workflow.c.name) & (schema.definition.c.sha256 == _workflow.c.definition_sha256),
    )


def flagged_row(row: Row[tuple[object, ...]], owner: str | None) -> FlaggedRow:
    """The fields from which a row's computed flags follow."""
    return FlaggedRow(
        id=row.id,
        state=WorkflowState(row.state),
        error=masked_text(row.error),
        hold_reason=masked_text(row.hold_reason),
        state_changed_at=row.state_changed_at,
        updated_at=row.updated_at,
        deadline_at=row.deadline_at,
        owner=owner,
    )


def summary_of(
    row: Row[tuple[object, ...]],
    steps: list[PlannedStep],
    flags: list[Flag],
    labels: dict[str, str],
    participation: Participation,
    failure: Failure | None,
) -> WorkflowSummary:
    """The summary of a row and its steps, which are in the order of their last change."""
    counts = count_items(parse_definition(row.content).plan, steps)
    current = [step.called for step in steps if step.state in OPEN_STEP_STATES]
    return WorkflowSummary(
        id=row.id,
        name=row.name,
        key=row.key,
        generation=row.generation,
        correlation_id=row.correlation_id,
        state=WorkflowState(row.state),
        version=row.version,
        on_failure=FailurePolicy(row.on_failure),
        steps_done=counts.done,
        steps_total=counts.total,
        steps_running=counts.running,
        steps_failed=counts.failed,
        steps_compensated=counts.compensated,
        current_step=current[-1].brief if current else None,
        error=masked_text(row.error),
        hold_reason=masked_text(row.hold_reason),
        started_at=row.started_at,
        updated_at=row.updated_at,
        forward_ended_at=row.forward_ended_at,
        ended_at=row.ended_at,
        deadline_at=row.deadline_at,
        labels=labels,
        participants=participation.dag_ids,
        owner=participation.owner,
        flags=flags,
        failing=None if failure is None else failure.failing,
        failed_step=None if failure is None else failure.failed,
    )


def _brief(summary: WorkflowSummary) -> WorkflowSummary:
    """The summary with one line of each error: fifty complete ones can have a megabyte and a half."""
    failing = summary.failing
    return replace(
        summary,
        error=_line(summary.error),
        hold_reason=_line(summary.hold_reason),
        failing=None if failing is None else replace(failing, error=_line(failing.error)),
    )


def _line(error: str | None) -> str | None:
    return None if error is None else error_line(error)


def _count(connection: Connection, conditions: list[ColumnElement[bool]]) -> int:
    total: int = connection.execute(select(func.count(_workflow.c.id)).where(*conditions)).scalar_one()
    return total
