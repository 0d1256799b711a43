"""Lists sorted by how long workflows have worked: from their start until they last left running, or until now.

Running workflows are few, and sorted by their start. The durations of the others no longer change, and PostgreSQL has
an index on them. So a page takes the best of the first rows of each, as in ``last_progress``. Every page uses the time
of the first page, which the cursor carries; otherwise a running workflow would outgrow its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Interval,
    Row,
    Select,
    and_,
    cast,
    func,
    or_,
    select,
    type_coerce,
)

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.reading.lists.workflow_cursor import encode_position, parse_moment, parse_position

_workflow: Final = schema.workflow

SORTS: Final = (WorkflowSort.LONGEST, WorkflowSort.SHORTEST)

_LONGEST_MICROSECONDS: Final = 10**17
"""Three thousand years: no workflow has worked for longer."""


def read_page(
    connection: Connection, query: WorkflowQuery, statement: Select[Any], conditions: Sequence[ColumnElement[bool]]
) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows of a page, and the cursor of the next one; None when this is the last.

    :param query: in one of the orders :data:`SORTS`.
    :param statement: selects from ``wfstate_workflow``, including its id and start.
    :raises InvalidRequest: as for any cursor.
    """
    is_descending = query.sort is WorkflowSort.LONGEST
    position = None if query.cursor is None else parse_position(query, _parse)
    as_of = connection.execute(select(database_now())).scalar_one() if position is None else position[0][1]
    begin = None if position is None else (position[0][0], position[1])
    statement = statement.add_columns(_worked(connection).label("worked")).limit(query.limit + 1)
    rows = [
        *connection.execute(_settled(connection, statement.where(*conditions), begin, is_descending)),
        *connection.execute(_at_work(statement.where(*conditions), begin, as_of, is_descending)),
    ]
    rows.sort(key=lambda row: (_duration(row, as_of), row.id), reverse=is_descending)
    page = rows[: query.limit]
    if len(rows) <= query.limit:
        return page, None
    return page, encode_position(query, [_duration(page[-1], as_of), as_of.isoformat()], page[-1].id)


_Begin = tuple[int, str] | None
"""Duration and id after which a page begins; None for the first page."""


def _settled(connection: Connection, statement: Select[Any], begin: _Begin, is_descending: bool) -> Select[Any]:
    """Workflows that are not running, by duration."""
    column = _worked(connection)
    statement = statement.where(_workflow.c.forward_ended_at.is_not(None))
    if begin is not None:
        statement = statement.where(_behind(column, _as_stored(connection, begin[0]), begin[1], is_descending))
    return statement.order_by(*_order(column, is_descending))


def _at_work(statement: Select[Any], begin: _Begin, as_of: datetime, is_descending: bool) -> Select[Any]:
    """Running workflows, by their start: the oldest has worked for longest."""
    # With the state as a condition, there is an index in this order.
    statement = statement.where(
        _workflow.c.state == WorkflowState.RUNNING.value, _workflow.c.forward_ended_at.is_(None)
    )
    started, order_of_id = _workflow.c.started_at, _order(_workflow.c.id, is_descending)[0]
    if begin is not None:
        moment = as_of - timedelta(microseconds=begin[0])
        further = started > moment if is_descending else started < moment
        statement = statement.where(or_(further, and_(started == moment, _further_id(begin[1], is_descending))))
    return statement.order_by(started.asc() if is_descending else started.desc(), order_of_id)


def _behind(column: ColumnElement[Any], value: object, workflow_id: str, is_descending: bool) -> ColumnElement[bool]:
    further = column < value if is_descending else column > value
    return or_(further, and_(column == value, _further_id(workflow_id, is_descending)))


def _further_id(workflow_id: str, is_descending: bool) -> ColumnElement[bool]:
    return _workflow.c.id < workflow_id if is_descending else _workflow.c.id > workflow_id


def _order(column: ColumnElement[Any], is_descending: bool) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if is_descending:
        return column.desc(), _workflow.c.id.desc()
    return column.asc(), _workflow.c.id.asc()


def _worked(connection: Connection) -> ColumnElement[Any]:
    """The duration of a workflow that is not running, as in PostgreSQL's index."""
    if connection.dialect.name == "postgresql":
        return type_coerce(_workflow.c.forward_ended_at - _workflow.c.started_at, Interval())
    days = func.julianday(_workflow.c.forward_ended_at) - func.julianday(_workflow.c.started_at)
    return cast(func.round(days * 86_400_000), BigInteger) * 1000  # SQLite only has milliseconds


def _as_stored(connection: Connection, microseconds: int) -> timedelta | int:
    """A duration in the form of :func:`_worked`."""
    return timedelta(microseconds=microseconds) if connection.dialect.name == "postgresql" else microseconds


def _duration(row: Row[Any], as_of: datetime) -> int:
    """The duration in microseconds."""
    worked = as_of - row.started_at if row.worked is None else row.worked
    return worked // timedelta(microseconds=1) if isinstance(worked, timedelta) else int(worked)


def _parse(value: Any) -> tuple[int, datetime]:
    """The duration and the time in a cursor.

    :raises ValueError: it has none.
    :raises TypeError: likewise.
    """
    microseconds, as_of = value
    if not isinstance(microseconds, int) or abs(microseconds) > _LONGEST_MICROSECONDS:
        raise ValueError("not a duration")
    moment = parse_moment(as_of)
    try:
        moment - timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise ValueError("a time out of range") from error
    return microseconds, moment
