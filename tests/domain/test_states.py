"""The state tables contain what the design says, and what is derived from them agrees."""

from __future__ import annotations

import re
from itertools import product

import pytest
from sqlalchemy import CheckConstraint

from airflow_wfstate.domain.rules.states import (
    FINAL_WORKFLOW_STATES,
    OPEN_WORKFLOW_STATES,
    CompensationState,
    StepState,
    WorkflowState,
    may_become,
    predecessors,
    successors,
)
from airflow_wfstate.store.database import schema

MACHINES = (WorkflowState, StepState, CompensationState)


@pytest.mark.parametrize("machine", MACHINES)
def test_predecessors_and_successors_are_the_same_pairs(machine: type[WorkflowState]) -> None:
    for state, target in product(machine, machine):
        assert may_become(state, target) is (target in successors(state)) is (state in predecessors(target))


def test_nothing_leaves_a_final_workflow_state() -> None:
    for state in FINAL_WORKFLOW_STATES:
        assert successors(state) == ()


def test_every_workflow_state_is_open_or_final_or_succeeded() -> None:
    assert {*OPEN_WORKFLOW_STATES, *FINAL_WORKFLOW_STATES, WorkflowState.SUCCEEDED} == set(WorkflowState)


def test_an_open_workflow_can_always_still_end() -> None:
    ends = {*FINAL_WORKFLOW_STATES, WorkflowState.SUCCEEDED}
    for start in OPEN_WORKFLOW_STATES:
        reached, pending = {start}, [start]
        while pending:
            for target in successors(pending.pop()):
                if target not in reached:
                    reached.add(target)
                    pending.append(target)
        assert reached & ends


@pytest.mark.parametrize(
    ("state", "target"),
    [
        (WorkflowState.RUNNING, WorkflowState.COMPENSATED),
        (WorkflowState.COMPENSATING, WorkflowState.CANCELLED),
        (WorkflowState.COMPENSATED, WorkflowState.RUNNING),
        (StepState.SUCCEEDED, StepState.FAILED),
        (StepState.COMPENSATED, StepState.RUNNING),
        (CompensationState.DONE, CompensationState.RUNNING),
        (CompensationState.NOT_NEEDED, CompensationState.ARMED),
    ],
)
def test_what_must_never_happen(state: WorkflowState, target: WorkflowState) -> None:
    assert not may_become(state, target)


@pytest.mark.parametrize(
    ("table", "machine"),
    [
        (schema.workflow, WorkflowState),
        (schema.step, StepState),
        (schema.round_, StepState),
        (schema.attempt, StepState),
        (schema.compensation, CompensationState),
    ],
)
def test_the_check_constraints_list_the_states(table: object, machine: type[WorkflowState]) -> None:
    checks = [
        constraint
        for constraint in table.constraints  # type: ignore[attr-defined]  # a Table
        if isinstance(constraint, CheckConstraint) and str(constraint.name).endswith("_state_check")
    ]
    assert len(checks) == 2, "PostgreSQL's, and that of all others"
    for check in checks:
        listed = re.sub(r"\W+", " ", str(check.sqltext)).split()
        assert {state.value for state in machine} <= set(listed)
        assert set(listed) - {state.value for state in machine} <= {"state", "IN", "ANY", "text"}
