"""How many items of mapped steps were running at which time, counted by the database: one row per stretch of time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Float, Integer, Subquery, case, cast, func, select

from airflow_wfstate.domain.messages.reading.density import MAX_BUCKETS, StepDensity, WorkflowDensity
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.workflows.id import check_exists

_step, _attempt = schema.step, schema.attempt

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ENDED_BADLY: Final = (StepState.FAILED.value, StepState.LOST.value)

_Key = tuple[str, str, str]
"""Participant, place and name."""


def read_density(connection: Connection, workflow_id: str, buckets: int) -> WorkflowDensity:
    """The density, as described at ``StateBackend.read_density``."""
    if not 0 < buckets <= MAX_BUCKETS:
        raise InvalidRequest(f"The time cannot be divided into {buckets} stretches.", f"Give 1 to {MAX_BUCKETS}.")
    attempts = _attempts(connection, check_exists(connection, workflow_id), buckets)
    spans: dict[_Key, tuple[float, float]] = {}
    begun: dict[_Key, list[int]] = defaultdict(lambda: [0] * buckets)
    ended: dict[_Key, list[int]] = defaultdict(lambda: [0] * buckets)
    failed: dict[_Key, list[int]] = defaultdict(lambda: [0] * buckets)
    for row in connection.execute(_count(attempts, attempts.c.first)):
        spans[_key(row)] = (row.since, row.until)
        begun[_key(row)][row.bucket] += row.attempts
    for row in connection.execute(_count(attempts, attempts.c.last)):
        ended[_key(row)][row.bucket] += row.attempts
        failed[_key(row)][row.bucket] += row.bad
    return WorkflowDensity(
        [
            StepDensity(
                participant=key[0],
                name=key[2],
                parent_step_id=None if key[1] == schema.NO_PLACE else key[1],
                since=_EPOCH + timedelta(seconds=since),
                until=_EPOCH + timedelta(seconds=until),
                at_work=_at_work(begun[key], ended[key]),
                failed=failed[key],
            )
            for key, (since, until) in sorted(spans.items(), key=lambda item: (item[1], item[0]))
        ]
    )


def _at_work(begun: list[int], ended: list[int]) -> list[int]:
    """How many were open in each stretch: those begun by its end, minus those ended before it."""
    ended_before = [0, *accumulate(ended)]
    return [total - over for total, over in zip(accumulate(begun), ended_before, strict=False)]


def _attempts(connection: Connection, workflow_id: str, buckets: int) -> Subquery:
    """The attempts of mapped steps, with the stretches in which each began and ended."""
    since, until = (
        _seconds(connection, _attempt.c.started_at),
        _seconds(connection, func.coalesce(_attempt.c.ended_at, database_now())),
    )
    key = (_step.c.participant, _step.c.place, _step.c.name)
    found = (
        select(
            *key,
            _attempt.c.state,
            since.label("began"),
            until.label("ended"),
            func.min(since).over(partition_by=key).label("since"),
            func.max(until).over(partition_by=key).label("until"),
        )
        .join(_attempt, _attempt.c.step_id == _step.c.id)
        .where(_step.c.workflow_id == workflow_id, _step.c.item_key != "")
        .subquery()
    )

    def bucket(moment: ColumnElement[Any]) -> ColumnElement[int]:
        length = found.c.until - found.c.since
        number = cast(func.floor((moment - found.c.since) / length * buckets), Integer)
        return case((length <= 0, 0), (number >= buckets, buckets - 1), else_=number)

    return select(found, bucket(found.c.began).label("first"), bucket(found.c.ended).label("last")).subquery()


def _count(attempts: Subquery, bucket: ColumnElement[int]) -> Any:
    key = (attempts.c.participant, attempts.c.place, attempts.c.name)
    return select(
        *key,
        bucket.label("bucket"),
        func.count().label("attempts"),
        func.sum(case((attempts.c.state.in_(_ENDED_BADLY), 1), else_=0)).label("bad"),
        func.min(attempts.c.since).label("since"),
        func.max(attempts.c.until).label("until"),
    ).group_by(*key, bucket)


def _seconds(connection: Connection, moment: ColumnElement[Any]) -> ColumnElement[float]:
    """A time as seconds since 1970, with their fraction."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", moment), Float)
    return (func.julianday(moment) - 2440587.5) * 86400.0


def _key(row: Any) -> _Key:
    return row.participant, row.place, row.name
