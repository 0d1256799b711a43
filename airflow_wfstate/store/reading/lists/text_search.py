"""What stands anywhere in a key, in the value of a label or in an error, in small letters or capitals.

PostgreSQL finds an error by its index of trigrams or by the order of the list, whichever it holds for cheaper. For a
text in a key or a label it can not choose: an OR over two tables is by no index, and a union has to be complete before
its first row. So a look at the first matches decides. Few are named by their ids; many are met early in any order.

Many matches are asked for in two ways. Whoever reads all of them, as a count does, has PostgreSQL make a hash of every
labelled workflow, or look each up where it holds that for cheaper. Whoever reads the first rows alone must not wait for
that hash: a page of 200,000 workflows, half of which match by a label, took 573 ms with it and 1 ms without (PostgreSQL
15, measured). Counting the half reads 100,000 labels and every workflow, and no index spares that: 0.4 s at best.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, exists, literal, or_, select, union_all

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.text.text_filter import check_text_filter
from airflow_wfstate.store.database import schema

_workflow, _label = schema.workflow, schema.label

_FEW: Final = 1000
"""Matches that are named by their ids."""


def text_conditions(
    connection: Connection, query: WorkflowQuery, *, of_first_rows: bool = False
) -> list[ColumnElement[bool]]:
    """What the filters ``contains`` and ``error`` demand of a row of ``wfstate_workflow``; none when neither is given.

    :param of_first_rows: whether the first rows in some order are read, and not all of them.
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
    # With an offset, PostgreSQL cannot turn it into the hash of all: it looks up the labels of each row that it meets.
    return or_(in_key, exists(its_labels.offset(0) if of_first_rows else its_labels))


def _has(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether a column holds the text; ``%`` and ``_`` are ordinary letters."""
    return column.icontains(text, autoescape=True)
