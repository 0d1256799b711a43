"""How tables show a state and the plan of an undo; tested in process because no store is needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from airflow_wfstate.cli.commands import cancel as cancel_command
from airflow_wfstate.cli.commands import compensate as compensate_command
from airflow_wfstate.cli.printing.shown_state import error_text, failing_text, state_text, undone_after
from airflow_wfstate.domain.messages.cancel import CancelPlan
from airflow_wfstate.domain.messages.compensate import CompensatePlan
from airflow_wfstate.domain.messages.failing import FailingStep
from airflow_wfstate.domain.messages.staying import StayingStep, StayingSteps
from airflow_wfstate.domain.messages.workflow import WorkflowRef, WorkflowSummary
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)

SUMMARY = WorkflowSummary(
    id="i",
    name="order",
    key="1",
    generation=1,
    correlation_id="i",
    state=WorkflowState.RUNNING,
    version=1,
    on_failure=FailurePolicy.HOLD,
    steps_done=0,
    steps_total=1,
    steps_running=0,
    steps_failed=1,
    steps_compensated=0,
    current_step=None,
    error=None,
    hold_reason=None,
    started_at=NOW,
    updated_at=NOW,
    forward_ended_at=None,
    ended_at=None,
    deadline_at=None,
)


def test_a_running_workflow_of_which_a_step_has_failed_says_so() -> None:
    failing = FailingStep("intake.charge", "no money", NOW, is_retried=False, others=2)
    failed, retried = replace(SUMMARY, failing=failing), replace(SUMMARY, failing=replace(failing, is_retried=True))

    assert [state_text(summary) for summary in (SUMMARY, failed, retried)] == [
        "running",
        "running (a step has failed)",
        "running (a step is retried)",
    ]
    assert failing_text(failed) == "Step intake.charge failed (and 2 more): no money"
    assert failing_text(retried) == "Step intake.charge failed and is retried (and 2 more): no money"
    assert failing_text(SUMMARY) is None


def test_a_list_shows_the_failure_before_the_reason_for_the_hold() -> None:
    held = replace(SUMMARY, state=WorkflowState.FAILED, hold_reason="The workflow waits for an operator.")

    assert error_text(replace(held, error="no money\nat line 7")) == "no money"
    assert error_text(held) == "The workflow waits for an operator."
    assert error_text(SUMMARY) is None


def test_the_undo_is_told_apart_from_the_work() -> None:
    worked = replace(SUMMARY, state=WorkflowState.COMPENSATED, forward_ended_at=NOW + timedelta(seconds=2))

    assert undone_after(replace(worked, ended_at=NOW + timedelta(minutes=24))) == "23m 58s"
    assert undone_after(worked) is None
    assert undone_after(replace(worked, state=WorkflowState.SUCCEEDED, ended_at=NOW)) is None


def test_plans_of_an_undo_say_what_stays_and_how_much(capsys: pytest.CaptureFixture[str]) -> None:
    reference = WorkflowRef("i", "order", "1", 1, "i", WorkflowState.FAILED)
    steps = [StayingStep("intake.greet", 1, StepState.SUCCEEDED), StayingStep("intake.print", 2, StepState.LOST)]
    stays = StayingSteps(900, steps)

    compensate_command.print_plan(
        CompensatePlan(reference, True, WorkflowState.COMPENSATING, "It is undone.", stays=stays), "plain"
    )
    of_compensate = capsys.readouterr().out
    cancel_command.print_plan(
        CancelPlan(reference, True, True, WorkflowState.COMPENSATING, "It is undone.", stays=stays), "plain"
    )
    of_cancel = capsys.readouterr().out

    for printed in (of_compensate, of_cancel):
        assert "Unchanged (900): no compensation is declared:" in printed
        assert "intake.print  2      lost       may have acted" in printed
        assert "... and 898 more that stay unchanged." in printed
