"""Case-insensitive substring search in a key, the value of a label, or an error.

PostgreSQL finds an error through its trigram index or in the order of the list, whichever it estimates as cheaper. It
cannot choose for a text in a key or a label: an OR over two tables uses no index, and a union must be complete before
its first row. So a look at the first matches decides. Few matches are named by their ids; many are found early in any
order.

There are two ways of asking for many matches. A query that reads all of them, such as a count, lets PostgreSQL hash
every labelled workflow, or look each one up if it estimates that as cheaper. A query for only the first rows must not
wait for that hash: a page of 200,000 workflows, half of which match by a label, took 573 ms with it and 1 ms without
(PostgreSQL 15, measured). Counting that half reads 100,000 labels and every workflow, which no index can avoid: 0.4 s
at best.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, exists, literal, or_, select, union_all

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.text.text_filter import check_text_filter
from airflow_wfstate.store.database import schema

_workflow, _label = schema.workflow, schema.label

_FEW: Final = 1000
"""The most matches that are named by their ids."""


def text_conditions(
    connection: Connection, query: WorkflowQuery, *, of_first_rows: bool = False
) -> list[ColumnElement[bool]]:
    """The conditions of the filters ``contains`` and ``error`` for a row of ``wfstate_workflow``; none without them.

    :param of_first_rows: whether only the first rows in some order are read.
    :raises InvalidRequest: a text is too short or too long.
    """
    conditions: list[ColumnElement[bool]] = []
    if query.contains is not None:
        check_text_filter("contains", query.contains)
        conditions.append(_contains(connection, query.contains, of_first_rows))
    if query.error is not None:
        check_text_filter("error", query.error)
        conditions.append(_has(_workflow.c.error, query.error))
    return conditions


def _contains(connection: Connection, text: str, of_first_rows: bool) -> ColumnElement[bool]:
    in_key, in_label = _has(_workflow.c.key, text), _has(_label.c.value, text)
    labelled = select(_label.c.workflow_id).where(in_label)
    matches = union_all(select(_workflow.c.id).where(in_key), labelled).limit(_FEW + 1)
    found = connection.execute(matches).scalars().all()
    if len(found) <= _FEW:
        return _workflow.c.id.in_(sorted(set(found)))
    its_labels = select(literal(1)).where(_label.c.workflow_id == _workflow.c.id, in_label).correlate(_workflow)
    # The offset keeps PostgreSQL from hashing all of them: it looks up the labels of each row it reaches.
    return or_(in_key, exists(its_labels.offset(0) if of_first_rows else its_labels))


def _has(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether a column contains the text; ``%`` and ``_`` are ordinary characters."""
    return column.icontains(text, autoescape=True)
