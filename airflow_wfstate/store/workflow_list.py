"""Lists of workflows: newest first, by keyset, so that pages stay right while rows are added."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Exists, Row, Select, and_, exists, or_, select

from airflow_wfstate.domain.flag import Flag
from airflow_wfstate.domain.plan import PlannedStep, progress
from airflow_wfstate.domain.states import StepState, WorkflowState
from airflow_wfstate.domain.workflow import FailurePolicy, WorkflowPage, WorkflowQuery, WorkflowSummary
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store import schema
from airflow_wfstate.store.definition import parse_definition
from airflow_wfstate.store.flags import flags_of

_MAX_LIMIT: Final = 1000

_workflow, _run, _step = schema.workflow, schema.run, schema.step

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
    _workflow.c.ended_at,
    _workflow.c.deadline_at,
    schema.definition.c.content,
)


def list_workflows(connection: Connection, query: WorkflowQuery) -> WorkflowPage:
    """A page of workflows, as ``StateBackend.list_workflows`` says."""
    check_limit(query.limit)
    statement = _filtered(select_summaries(), query)
    if query.cursor is not None:
        started_at, workflow_id = _parse_cursor(query.cursor)
        statement = statement.where(
            or_(
                _workflow.c.started_at < started_at,
                and_(_workflow.c.started_at == started_at, _workflow.c.id < workflow_id),
            )
        )
    rows = connection.execute(
        statement.order_by(_workflow.c.started_at.desc(), _workflow.c.id.desc()).limit(query.limit + 1)
    ).all()
    page = rows[: query.limit]
    workflow_ids = [row.id for row in page]
    steps, flags = _steps_of(connection, workflow_ids), flags_of(connection, workflow_ids)
    return WorkflowPage(
        workflows=[summary_of(row, steps[row.id], flags[row.id]) for row in page],
        next_cursor=_cursor(page[-1]) if len(rows) > query.limit else None,
    )


def select_summaries() -> Select[tuple[object, ...]]:
    """The columns that :func:`summary_of` reads."""
    return select(*SUMMARY_COLUMNS).join(
        schema.definition,
        (schema.definition.c.name == _workflow.c.name) & (schema.definition.c.sha256 == _workflow.c.definition_sha256),
    )


def summary_of(row: Row[tuple[object, ...]], steps: list[PlannedStep], flags: list[Flag]) -> WorkflowSummary:
    """The summary of a row and its steps, which stand in the order of their last change."""
    where = progress(parse_definition(row.content).plan, steps)
    current = [step.name for step in steps if step.state in (StepState.RUNNING, StepState.WAITING)]
    return WorkflowSummary(
        id=row.id,
        name=row.name,
        key=row.key,
        generation=row.generation,
        correlation_id=row.correlation_id,
        state=WorkflowState(row.state),
        version=row.version,
        on_failure=FailurePolicy(row.on_failure),
        steps_done=len(where.done),
        steps_total=where.total,
        current_step=current[-1] if current else None,
        error=row.error,
        hold_reason=row.hold_reason,
        started_at=row.started_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
        deadline_at=row.deadline_at,
        flags=flags,
    )


def check_limit(limit: int) -> None:
    """Check the size of a page.

    :raises InvalidRequest: it is not from 1 to 1000.
    """
    if not 1 <= limit <= _MAX_LIMIT:
        raise InvalidRequest(f"A page cannot hold {limit} entries.", f"Ask for 1 to {_MAX_LIMIT}.")


def _filtered(statement: Select[tuple[object, ...]], query: WorkflowQuery) -> Select[tuple[object, ...]]:
    if query.name is not None:
        statement = statement.where(_workflow.c.name == query.name)
    if query.key is not None:
        statement = statement.where(_workflow.c.key == query.key)
    if query.key_prefix is not None:
        statement = statement.where(_workflow.c.key.startswith(query.key_prefix, autoescape=True))
    if query.states:
        statement = statement.where(_workflow.c.state.in_([state.value for state in query.states]))
    if query.correlation_id is not None:
        statement = statement.where(_workflow.c.correlation_id == query.correlation_id)
    if query.since is not None:
        if query.since.tzinfo is None:
            raise InvalidRequest(f"The time {query.since} has no zone.", "Give one with an offset.")
        statement = statement.where(_workflow.c.started_at >= query.since)
    if query.stuck is not None:
        flagged = exists(select(schema.flag.c.kind).where(schema.flag.c.workflow_id == _workflow.c.id))
        statement = statement.where(flagged if query.stuck else ~flagged)
    if query.dag_id is not None:
        statement = statement.where(_takes_part([query.dag_id]))
    if query.readable_dag_ids is not None:
        readable = _takes_part(sorted(query.readable_dag_ids))
        statement = statement.where(or_(readable, ~_has_dags()) if query.includes_dagless else readable)
    return statement


def _takes_part(dag_ids: list[str]) -> Exists:
    return exists(select(_run.c.run_id).where(_run.c.workflow_id == _workflow.c.id, _run.c.dag_id.in_(dag_ids)))


def _has_dags() -> Exists:
    return exists(select(_run.c.run_id).where(_run.c.workflow_id == _workflow.c.id))


def _steps_of(connection: Connection, workflow_ids: list[str]) -> dict[str, list[PlannedStep]]:
    steps: dict[str, list[PlannedStep]] = defaultdict(list)
    rows = connection.execute(
        select(_step.c.workflow_id, _step.c.participant, _step.c.name, _step.c.state)
        .where(_step.c.workflow_id.in_(workflow_ids))
        .order_by(_step.c.updated_at, _step.c.id)
    )
    for row in rows:
        steps[row.workflow_id].append(PlannedStep(row.participant, row.name, StepState(row.state)))
    return steps


def _cursor(row: Row[tuple[object, ...]]) -> str:
    text = json.dumps([row.started_at.isoformat(), row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        started_at, workflow_id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        moment = datetime.fromisoformat(started_at)
        if moment.tzinfo is None or not isinstance(workflow_id, str) or len(workflow_id) != 36:
            raise ValueError("not a cursor of ours")
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidRequest("The cursor is none of ours.", "Give next_cursor of the page before.") from error
    return moment, workflow_id
