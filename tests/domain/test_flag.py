"""Flags fit the state of their workflow."""

from __future__ import annotations

from airflow_wfstate.domain.rules.flag import COMPUTED_FLAGS, FLAG_STATES, FlagKind, kinds_in
from airflow_wfstate.domain.rules.states import OPEN_WORKFLOW_STATES, WorkflowState


def test_every_kind_has_its_states_and_only_open_workflows_have_flags() -> None:
    assert set(FLAG_STATES) == set(FlagKind)
    assert {state for states in FLAG_STATES.values() for state in states} <= set(OPEN_WORKFLOW_STATES)


def test_what_is_computed_is_never_stored() -> None:
    stored = {kind for state in WorkflowState for kind in kinds_in(state)}

    assert stored == set(FlagKind) - set(COMPUTED_FLAGS)
