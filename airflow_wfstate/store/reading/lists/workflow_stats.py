"""Count workflows by state, by flag, and by the time of their start."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select

from airflow_wfstate.domain.messages.reading.stats import MAX_BUCKETS, StatsBucket, WorkflowStats
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import FLAG_STATES, FlagKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists.flag_conditions import has_computed_flag, is_shown
from airflow_wfstate.store.reading.lists.workflow_filter import conditions_of, simplified

_workflow, _flag = schema.workflow, schema.flag
_IS_HELD, _IS_OVERDUE = has_computed_flag(FlagKind.HELD), has_computed_flag(FlagKind.OVERDUE)
_LONGEST = 10**9
"""In seconds: 31 years."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The origin of :func:`epoch_second`."""


def read_stats(connection: Connection, query: WorkflowQuery, bucket_seconds: int | None) -> WorkflowStats:
    """The counts, as described at ``StateBackend.read_stats``."""
    query = simplified(connection, query)
    # Counts rows, not ids, so that PostgreSQL only reads the index on states.
    conditions, count = conditions_of(connection, query), func.count()
    if bucket_seconds is not None:
        _check_buckets(query, bucket_seconds)
    states = connection.execute(select(_workflow.c.state, count).where(*conditions).group_by(_workflow.c.state))
    by_state = dict.fromkeys(WorkflowState, 0) | {WorkflowState(state): number for state, number in states}
    # This flag follows from the state alone.
    held = sum(by_state[state] for state in FLAG_STATES[FlagKind.HELD])
    overdue = connection.execute(select(count).select_from(_workflow).where(*conditions, _IS_OVERDUE)).scalar_one()
    return WorkflowStats(
        total=sum(by_state.values()),
        by_state=by_state,
        by_flag=_count_stored_flags(connection, conditions) | {FlagKind.HELD: held, FlagKind.OVERDUE: overdue},
        flagged=held + _count_flagged_otherwise(connection, conditions),
        buckets=[] if bucket_seconds is None else _read_buckets(connection, conditions, bucket_seconds),
    )


def _count_stored_flags(connection: Connection, conditions: list[ColumnElement[bool]]) -> dict[FlagKind, int]:
    """How many workflows have a flag of each kind set by the sweep."""
    stored = connection.execute(
        select(_flag.c.kind, func.count())
        .join(_workflow, _workflow.c.id == _flag.c.workflow_id)
        .where(*conditions, is_shown())
        .group_by(_flag.c.kind)
    )
    return dict.fromkeys(FlagKind, 0) | {FlagKind(kind): number for kind, number in stored}


def _count_flagged_otherwise(connection: Connection, conditions: list[ColumnElement[bool]]) -> int:
    """How many workflows have a flag without being on hold, each counted once.

    Overdue ones are found through the index on deadlines, the others through their flags: a single condition would read
    every open row.
    """
    overdue = select(func.count()).select_from(_workflow).where(*conditions, ~_IS_HELD, _IS_OVERDUE)
    otherwise = (
        select(func.count(_flag.c.workflow_id.distinct()))
        .join(_workflow, _workflow.c.id == _flag.c.workflow_id)
        .where(*conditions, ~_IS_HELD, ~_IS_OVERDUE, is_shown())
    )
    return int(connection.execute(overdue).scalar_one() + connection.execute(otherwise).scalar_one())


def _check_buckets(query: WorkflowQuery, seconds: int) -> None:
    if query.since is None or query.until is None:
        raise InvalidRequest("Counts over time need a beginning and an end.", "Give since and until.")
    if not 0 < seconds <= _LONGEST or (query.until - query.since).total_seconds() / seconds > MAX_BUCKETS:
        raise InvalidRequest(
            f"This time cannot be counted in stretches of {counted(seconds, 'second')}.",
            f"Give 1 to {_LONGEST}, and at most {MAX_BUCKETS} of them.",
        )


def _read_buckets(connection: Connection, conditions: list[ColumnElement[bool]], seconds: int) -> list[StatsBucket]:
    # A stretch begins at a multiple of its length since 1970.
    number = (epoch_second(connection) // seconds).label("number")
    matching = select(number, _workflow.c.error).where(*conditions).subquery()
    rows = connection.execute(
        select(matching.c.number, func.count().label("started"), func.count(matching.c.error).label("failed"))
        .group_by(matching.c.number)
        .order_by(matching.c.number)
    )
    return [StatsBucket(EPOCH + timedelta(seconds=int(row.number) * seconds), row.started, row.failed) for row in rows]


def epoch_second(connection: Connection) -> ColumnElement[int]:
    """The second of the start, as an integer since 1970."""
    if connection.dialect.name == "postgresql":
        return cast(func.floor(func.extract("epoch", _workflow.c.started_at)), BigInteger)
    return cast(func.strftime("%s", _workflow.c.started_at), BigInteger)
