"""Which workflows have a flag, as SQL: the rules of ``domain/rules/flag.py`` for lists and counts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from airflow_wfstate.domain.rules.flag import COMPUTED_FLAGS, FLAG_STATES, FlagKind, kinds_in
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now

_workflow, _flag = schema.workflow, schema.flag


def has_flag() -> ColumnElement[bool]:
    """Whether a workflow has any flag now. Never NULL, so that its negation is right too."""
    flagged_states = {state for states in FLAG_STATES.values() for state in states}
    # PostgreSQL hashes the sub-select once and looks up each workflow in it: flags are few.
    flagged = select(_flag.c.workflow_id).join(_workflow, _workflow.c.id == _flag.c.workflow_id).where(is_shown())
    stored = _workflow.c.id.in_(flagged.correlate(None))
    # The first part is implied by the rest, but lets PostgreSQL consider only the few open workflows.
    return and_(_is_in(*flagged_states), or_(*(_CONDITIONS[kind] for kind in COMPUTED_FLAGS), stored))


def has_computed_flag(kind: FlagKind) -> ColumnElement[bool]:
    """Whether a workflow has this flag now, for flags that follow from its row."""
    return _CONDITIONS[kind]


def is_shown() -> ColumnElement[bool]:
    """Whether a row of ``wfstate_flag`` still holds: it fits the workflow's state, which has not changed since."""
    fits = (
        and_(_is_in(state), _flag.c.kind.in_([kind.value for kind in kinds]))
        for state, kinds in _KINDS_BY_STATE.items()
    )
    return and_(_flag.c.found_at >= func.coalesce(_workflow.c.state_changed_at, _workflow.c.started_at), or_(*fits))


def _is_in(*states: WorkflowState) -> ColumnElement[bool]:
    return _workflow.c.state.in_(sorted(state.value for state in states))


_KINDS_BY_STATE: Final = {state: kinds for state in WorkflowState if (kinds := kinds_in(state))}

_CONDITIONS: Final[dict[FlagKind, ColumnElement[bool]]] = {
    FlagKind.OVERDUE: and_(
        _is_in(*FLAG_STATES[FlagKind.OVERDUE]),
        _workflow.c.deadline_at.is_not(None),
        _workflow.c.deadline_at <= database_now(),
    ),
    FlagKind.HELD: _is_in(*FLAG_STATES[FlagKind.HELD]),
}
