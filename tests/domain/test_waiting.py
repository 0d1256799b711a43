"""Whether what is waited for can still happen."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.waiting import can_still_become, states_of, step_can_still_become, waking_states

W, S = WorkflowState, StepState


@pytest.mark.parametrize(
    ("state", "target", "possible"),
    [
        (W.RUNNING, W.SUCCEEDED, True),
        (W.FAILED, W.SUCCEEDED, True),  # by a resume
        (W.COMPENSATING, W.SUCCEEDED, False),
        (W.COMPENSATION_FAILED, W.COMPENSATED, True),
        (W.CANCELLED, W.SUCCEEDED, False),
        (W.SUCCEEDED, W.FAILED, False),  # only by a reopening, which nobody may count on
        (W.SUCCEEDED, W.SUCCEEDED, True),
    ],
)
def test_what_a_workflow_can_still_become(state: WorkflowState, target: WorkflowState, possible: bool) -> None:
    assert can_still_become(state, [target]) is possible


def test_a_wait_for_success_is_ended_by_success_and_by_what_never_leads_there() -> None:
    assert waking_states([W.SUCCEEDED]) == [
        W.SUCCEEDED,
        W.COMPENSATING,
        W.COMPENSATED,
        W.COMPENSATION_FAILED,
        W.CANCELLED,
    ]
    assert waking_states([S.SUCCEEDED]) == [S.SUCCEEDED, S.SKIPPED, S.COMPENSATED]


@pytest.mark.parametrize(
    ("workflow", "step", "target", "possible"),
    [
        (W.RUNNING, None, S.SUCCEEDED, True),
        (W.RUNNING, S.FAILED, S.SUCCEEDED, True),
        (W.RUNNING, S.SKIPPED, S.SUCCEEDED, False),
        (W.COMPENSATING, None, S.SUCCEEDED, False),
        (W.COMPENSATING, S.RUNNING, S.SUCCEEDED, True),  # it says how it ended
        (W.COMPENSATING, S.FAILED, S.SUCCEEDED, False),
        (W.COMPENSATING, S.SUCCEEDED, S.COMPENSATED, True),
        (W.SUCCEEDED, None, S.SUCCEEDED, False),
        (W.CANCELLED, S.WAITING, S.FAILED, True),
        (W.CANCELLED, S.FAILED, S.COMPENSATED, False),
        (W.CANCELLED, S.SKIPPED, S.SKIPPED, True),
    ],
)
def test_what_a_step_can_still_become(
    workflow: WorkflowState, step: StepState | None, target: StepState, possible: bool
) -> None:
    assert step_can_still_become(workflow, step, [target]) is possible


def test_names_of_states() -> None:
    assert states_of(WorkflowState, ["failed", "running", "failed"]) == [W.RUNNING, W.FAILED]
    with pytest.raises(ValueError, match=r"^done$"):
        states_of(WorkflowState, ["done"])
