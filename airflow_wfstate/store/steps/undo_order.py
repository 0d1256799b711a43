"""The order of compensations in SQL, generated from the tables of ``domain.compensation.compensation_order``.

The order can still change while steps are running. Once the workflow is at rest, each compensation gets a position, so
that a turn finds the next one through an index, however many there are. A finished compensation gives up its position,
so that the next turn need not skip it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    desc,
    exists,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState
from airflow_wfstate.domain.rules.undo_order import UNDO_STATES, UNDOABLE
from airflow_wfstate.store.database import schema

_compensation, _round, _step = schema.compensation, schema.round_, schema.step

_ROUND: Final = and_(_round.c.step_id == _compensation.c.step_id, _round.c.number == _compensation.c.round)

IS_NEEDED: Final = or_(
    *(
        and_(
            _compensation.c.compensate_when == when.value,
            _round.c.state.in_([state.value for state in states]),
        )
        for when, states in UNDOABLE.items()
    )
)
"""``domain.compensation.is_needed``, for a compensation and its round."""

IS_NOT_NEEDED: Final = or_(
    _compensation.c.state == CompensationState.NOT_NEEDED.value,
    and_(
        _compensation.c.state.in_([CompensationState.ARMED.value, CompensationState.DISCARDED.value]),
        _round.c.state.not_in([state.value for state in OPEN_STEP_STATES]),
        not_(IS_NEEDED),
    ),
)
"""For a compensation and its round: it does not run, because the round ended without acting, or it found nothing."""

_IN_ORDER: Final = (desc(_compensation.c.position), desc(_compensation.c.step_id), desc(_compensation.c.round))

OUT_OF_LINE: Final = {"position": None}
"""Values for a compensation that is over."""

UndoPlace = tuple[int, str, int]
"""A compensation's place in the order: position, step id and round."""


def is_to_do(*, with_discarded: bool = False) -> ColumnElement[bool]:
    """Condition that a compensation is still to be done, if its round needs it.

    :param with_discarded: treat compensations that were discarded when the workflow succeeded as armed.
    """
    states = (*UNDO_STATES, CompensationState.DISCARDED) if with_discarded else UNDO_STATES
    return _compensation.c.state.in_([state.value for state in states])


def give_positions(connection: Connection, workflow_id: str, step_id: str | None = None) -> None:
    """Give each compensation that is to be done its position in the order; one that is not needed gets none.

    :param step_id: only compensations of this step; None for the whole workflow.
    """
    position = select(case((IS_NEEDED, _compensation.c.last_entry))).where(_ROUND).scalar_subquery()
    given = update(_compensation).where(_compensation.c.workflow_id == workflow_id, is_to_do())
    if step_id is not None:
        given = given.where(_compensation.c.step_id == step_id)
    connection.execute(given.values(position=position))


@lru_cache
def next_in_line(*, behind: bool, skip_failed: bool) -> Select[Any]:
    """Step and round of a workflow's next compensation when it is at rest; none when all is undone. One index look-up.

    The parameter of the statement is ``workflow_id``.

    :param behind: start after a place; the further parameters are ``after_position``, ``after_step_id`` and
        ``after_round``.
    :param skip_failed: skip those that have failed permanently.
    """
    line = (_compensation.c.position, _compensation.c.step_id, _compensation.c.round)
    found = select(_compensation.c.step_id, _compensation.c.round).where(
        _compensation.c.workflow_id == bindparam("workflow_id"), _compensation.c.position.is_not(None), is_to_do()
    )
    if behind:
        after = (bindparam(f"after_{column.name}", type_=column.type) for column in line)
        found = found.where(tuple_(*line) < tuple_(*after))
    if skip_failed:
        found = found.where(_compensation.c.state != CompensationState.FAILED.value)
    return found.order_by(*_IN_ORDER).limit(1)


def count_to_undo(connection: Connection, workflow_id: str, *, with_discarded: bool = False) -> int:
    """The number of compensations to do; for ``with_discarded`` see :func:`is_to_do`."""
    return int(connection.execute(_to_undo(workflow_id, func.count(), with_discarded=with_discarded)).scalar_one())


def has_something_to_undo(connection: Connection, workflow_id: str, *, with_discarded: bool = False) -> bool:
    """Whether there is anything to undo, or may be once the running steps have ended."""
    # Asks for the newest one rather than any: with this order PostgreSQL walks an index of the workflow and stops at
    # once. EXISTS ignores the order, so it joined 25,000 rows (25 ms, measured).
    to_undo = _to_undo(workflow_id, _compensation.c.step_id, with_discarded=with_discarded)
    newest = to_undo.order_by(_compensation.c.last_entry.desc()).limit(1)
    if connection.execute(newest).one_or_none() is not None:
        return True
    may_follow = (
        select(_compensation.c.step_id)
        .join(_step, and_(_step.c.id == _compensation.c.step_id, _step.c.round == _compensation.c.round))
        .where(
            _compensation.c.workflow_id == workflow_id,
            _compensation.c.state == CompensationState.ARMED.value,
            _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
        )
    )
    return bool(connection.execute(select(exists(may_follow))).scalar_one())


def _to_undo(workflow_id: str, *columns: Any, with_discarded: bool) -> Select[Any]:
    return (
        select(*columns)
        .select_from(_compensation)
        .join(_round, _ROUND)
        .where(_compensation.c.workflow_id == workflow_id, is_to_do(with_discarded=with_discarded), IS_NEEDED)
    )
