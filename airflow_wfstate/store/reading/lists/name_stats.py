"""Statistics for the workflows of one name, computed in SQL over a bounded number of the newest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, String, Subquery, and_, case, cast, func, literal, select

from airflow_wfstate.domain.messages.reading.name_stats import (
    MAX_ATTEMPTS_READ,
    MAX_COUNTED,
    MAX_LISTED,
    NAME_WINDOW,
    DefinitionVersion,
    FrequentError,
    NameStats,
    StateBucket,
    StepTimes,
    bucket_seconds,
    failure_rate,
)
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.definition import parse_definition
from airflow_wfstate.domain.rules.states import (
    OPEN_STEP_STATES,
    UNSUCCESSFUL_WORKFLOW_STATES,
    StepState,
    WorkflowState,
)
from airflow_wfstate.domain.rules.text.error_kind import error_kind, shared_text
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import masked_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.applied import number_applied
from airflow_wfstate.store.reading.lists.duration_spread import read_histogram, read_spreads, seconds_between
from airflow_wfstate.store.reading.lists.workflow_filter import conditions_of, simplified
from airflow_wfstate.store.reading.lists.workflow_stats import EPOCH, epoch_second

_workflow, _step, _attempt, _definition = schema.workflow, schema.step, schema.attempt, schema.definition

_ERROR_LENGTH: Final = 500
_ERRORS_READ: Final = 1000
"""How many different texts, the most frequent ones, are considered when errors are grouped."""

_WENT_WRONG: Final = (StepState.FAILED.value, StepState.LOST.value)

Conditions = Sequence[ColumnElement[bool]]


def read_name_stats(connection: Connection, query: WorkflowQuery, now: datetime | None = None) -> NameStats:
    """The statistics, as described at ``StateBackend.read_name_stats``.

    :param now: the end of the window if the query has none; None for this process's clock.
    """
    name = query.name
    if name is None:
        raise InvalidRequest("No workflow name is given.", "Give name.")
    until = query.until or now or datetime.now(timezone.utc)
    query = replace(simplified(connection, query), until=until, since=query.since or _earlier(until, NAME_WINDOW))
    # For a reader of one popular DAG, each statement below builds a hash of all its runs (a parallel hash semi join):
    # 2.4 s among 200,000 workflows on a busy machine, against 1.0 for an administrator. Reading the ids once and naming
    # them in the other statements (id = ANY of 20,000) took longer (PostgreSQL 15, measured).
    conditions = conditions_of(connection, query)  # also checks that times have a zone
    since = query.since or until
    if since >= until:
        raise InvalidRequest("The time window is empty.", "Give a since that is before until.")
    counted_since = _where_to_cut(connection, conditions)
    if counted_since is not None:
        conditions.append(_workflow.c.started_at >= counted_since)
    length = bucket_seconds(until - (counted_since or since))
    groups = _count(connection, conditions, length)
    by_state: Counter[WorkflowState] = Counter()
    for group in groups:
        by_state[WorkflowState(group.state)] += group.number
    times = _times_of_succeeded(connection, conditions)
    steps, steps_cut = _read_steps(connection, conditions)
    return NameStats(
        name=name,
        since=since,
        until=until,
        workflows=by_state.total(),
        counted_since=counted_since,
        by_state=dict.fromkeys(WorkflowState, 0) | by_state,
        failure_rate=failure_rate(by_state),
        bucket_seconds=length,
        buckets=_buckets(groups, length),
        duration=next((spread for _, spread in read_spreads(connection, times, (), 1)), None),
        histogram=read_histogram(connection, times),
        steps=steps,
        steps_cut=steps_cut,
        errors=_read_errors(connection, conditions),
        versions=_versions(connection, name, groups),
    )


def _earlier(moment: datetime, window: timedelta) -> datetime:
    try:
        return moment - window
    except OverflowError:
        return datetime.min.replace(tzinfo=timezone.utc)


def _where_to_cut(connection: Connection, conditions: Conditions) -> datetime | None:
    """When the oldest counted workflow started; None when all are counted."""
    last = select(_workflow.c.started_at).where(*conditions).order_by(_workflow.c.started_at.desc())
    started: list[datetime] = list(connection.execute(last.offset(MAX_COUNTED - 1).limit(2)).scalars())
    return started[0] if len(started) == 2 else None


def _count(connection: Connection, conditions: Conditions, length: int) -> Sequence[Row[Any]]:
    """How many workflows, by stretch of time, state and definition version."""
    matching = (
        select((epoch_second(connection) // length).label("stretch"), _workflow.c.state, _workflow.c.definition_sha256)
        .where(*conditions)
        .subquery()
    )
    return connection.execute(
        select(matching, func.count().label("number")).group_by(*matching.c).order_by(matching.c.stretch)
    ).all()


def _buckets(groups: Sequence[Row[Any]], length: int) -> list[StateBucket]:
    stretches: dict[int, Counter[WorkflowState]] = defaultdict(Counter)
    for group in groups:
        stretches[int(group.stretch)][WorkflowState(group.state)] += group.number
    return [
        StateBucket(EPOCH + timedelta(seconds=stretch * length), dict(by_state))
        for stretch, by_state in stretches.items()
    ]


def _times_of_succeeded(connection: Connection, conditions: Conditions) -> Subquery:
    ended_at = func.coalesce(_workflow.c.forward_ended_at, _workflow.c.ended_at)
    seconds = seconds_between(connection, _workflow.c.started_at, ended_at).label("seconds")
    return (
        select(seconds, literal(0).label("failed"))
        .where(*conditions, _workflow.c.state == WorkflowState.SUCCEEDED.value, ended_at.is_not(None))
        .subquery("succeeded")
    )


# A step of a service has no attempts: it lasted from the event that began it to the event that ended it.
_OF_SERVICE: Final = and_(
    _step.c.attempt == 0,
    _step.c.state.not_in([state.value for state in OPEN_STEP_STATES]),
    _step.c.updated_at > _step.c.started_at,
)
_BEGAN: Final = func.coalesce(_attempt.c.started_at, _step.c.started_at)
_ENDED: Final = case((_OF_SERVICE, _step.c.updated_at), else_=_attempt.c.ended_at)
_STATE: Final = func.coalesce(_attempt.c.state, _step.c.state)


def _read_steps(connection: Connection, conditions: Conditions) -> tuple[list[StepTimes], bool]:
    measured = (
        select(
            _step.c.participant,
            _step.c.name,
            case((_STATE.in_(_WENT_WRONG), 1), else_=0).label("failed"),
            seconds_between(connection, _BEGAN, _ENDED).label("seconds"),
        )
        .join(_workflow, _workflow.c.id == _step.c.workflow_id)
        .outerjoin(_attempt, _attempt.c.step_id == _step.c.id)
        .where(*conditions, _ENDED.is_not(None))
        .order_by(_workflow.c.started_at.desc())
        .limit(MAX_ATTEMPTS_READ + 1)
        .subquery("measured")
    )
    found = read_spreads(connection, measured, ("participant", "name"), MAX_LISTED)
    times = [StepTimes(f"{row.participant}.{row.name}", int(row.failed), spread) for row, spread in found]
    return times, bool(found) and found[0][0].measured > MAX_ATTEMPTS_READ


def _read_errors(connection: Connection, conditions: Conditions) -> list[FrequentError]:
    error = func.substr(_workflow.c.error, 1, _ERROR_LENGTH).label("error")
    matching = (
        select(error, cast(_workflow.c.id, String).label("id"))
        .where(*conditions, _workflow.c.error.is_not(None))
        .subquery()
    )
    number = func.count().label("number")
    rows = connection.execute(
        # Ids are UUIDv7, so the greatest began last.
        select(matching.c.error, number, func.max(matching.c.id).label("newest"))
        .group_by(matching.c.error)
        .order_by(number.desc(), matching.c.error)
        .limit(_ERRORS_READ)
    )
    kinds: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        kinds[error_kind(row.error)].append(row)
    errors = [
        FrequentError(
            error=masked_text(alike[0].error) or "",
            shared_text=shared_text(masked_text(alike[0].error) or ""),
            workflows=sum(row.number for row in alike),
            newest_workflow_id=str(UUID(max(row.newest for row in alike))),
        )
        for alike in kinds.values()
    ]
    return sorted(errors, key=lambda found: -found.workflows)[:MAX_LISTED]


def _versions(connection: Connection, name: str, groups: Sequence[Row[Any]]) -> list[DefinitionVersion]:
    counts: Counter[str] = Counter()
    unsuccessful: Counter[str] = Counter()
    for group in groups:
        counts[group.definition_sha256] += group.number
        if WorkflowState(group.state) in UNSUCCESSFUL_WORKFLOW_STATES:
            unsuccessful[group.definition_sha256] += group.number
    if not counts:
        return []
    number = number_applied(_definition.c.name, _definition.c.sha256)
    rows = connection.execute(
        select(_definition, number.label("number"))
        .where(_definition.c.name == name, _definition.c.sha256.in_(sorted(counts)))
        .order_by(_definition.c.created_at.desc(), _definition.c.sha256)
        .limit(MAX_LISTED)
    )
    return [
        DefinitionVersion(
            sha256=row.sha256,
            number=row.number,
            created_at=row.created_at,
            planned_steps=len(parse_definition(row.content).plan),
            workflows=counts[row.sha256],
            unsuccessful=unsuccessful[row.sha256],
        )
        for row in rows
    ]
