"""Percentiles and a histogram of durations, in SQL for both PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Subquery,
    case,
    cast,
    func,
    select,
)

from airflow_wfstate.domain.messages.reading.name_stats import DURATION_EDGES, DurationBar, DurationSpread

_DAY_SECONDS: Final = 86_400.0


def seconds_between(connection: Connection, begin: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
    """The seconds from one time to another."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", end - begin), Float)
    # A day number is only precise to some hundredths of a millisecond; unrounded, ten seconds are 9.99999.
    return func.round((func.julianday(end) - func.julianday(begin)) * _DAY_SECONDS, 3)


def read_spreads(
    connection: Connection, measured: Subquery, groups: Sequence[str], limit: int
) -> list[tuple[Any, DurationSpread]]:
    """The spread of each group, those with the longest 95th percentile first.

    :param measured: rows with a column ``seconds``, a column ``failed`` (0 or 1), and one for each of ``groups``.
    :param groups: names of columns; none for a single group.
    :return: each row has the columns of ``groups``; ``failed``, the number of failed rows in the group; and
        ``measured``, the number of rows in all groups.
    """
    by = [measured.c[name] for name in groups]
    ranked = select(
        *by,
        measured.c.failed,
        measured.c.seconds,
        (func.row_number().over(partition_by=by, order_by=measured.c.seconds) - 1).label("place"),
        func.count().over(partition_by=by).label("number"),
    ).subquery("ranked")
    p95 = _percentile(ranked.c, 95).label("p95")
    rows = connection.execute(
        select(
            *(ranked.c[name] for name in groups),
            func.max(ranked.c.number).label("number"),
            func.sum(ranked.c.failed).label("failed"),
            # Over all groups, including those beyond the limit.
            func.sum(func.count()).over().label("measured"),
            _percentile(ranked.c, 50).label("p50"),
            p95,
            func.max(ranked.c.seconds).label("longest"),
        )
        .group_by(*(ranked.c[name] for name in groups))
        .order_by(p95.desc())
        .limit(limit)
    ).all()
    return [
        (row, DurationSpread(row.number, *(round(float(value), 3) for value in (row.p50, row.p95, row.longest))))
        for row in rows
        if row.number
    ]


def _percentile(ranked: Any, percent: int) -> ColumnElement[float]:
    """Interpolates between the two neighbouring values, as percentile_cont does."""
    hundredths = cast(ranked.number - 1, Integer) * percent
    below, part = hundredths // 100, cast(hundredths % 100, Float) / 100.0
    weight = case((ranked.place == below, 1.0 - part), (ranked.place == below + 1, part), else_=0.0)
    return func.sum(ranked.seconds * weight)


def read_histogram(connection: Connection, measured: Subquery) -> list[DurationBar]:
    """How many durations fall between any two of :data:`DURATION_EDGES`, from the shortest to the longest.

    :param measured: rows with a column ``seconds``.
    """
    number = case(
        *((measured.c.seconds < edge, index) for index, edge in enumerate(DURATION_EDGES)), else_=len(DURATION_EDGES)
    )
    numbered = select(number.label("number")).subquery("numbered")
    rows = connection.execute(select(numbered.c.number, func.count().label("bars")).group_by(numbered.c.number))
    counts = {row.number: row.bars for row in rows}
    if not counts:
        return []
    edges = (0.0, *DURATION_EDGES)
    return [
        DurationBar(edges[index], DURATION_EDGES[index] if index < len(DURATION_EDGES) else None, counts.get(index, 0))
        for index in range(min(counts), max(counts) + 1)
    ]
