"""The contract of the cap: after ``[wfstate] max_attempts`` attempts of a round (default 100) an operator decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TakeTurn, TurnDecision
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.step import BeginDecision
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import AttemptsExhausted
from tests.support.shop import FULFILMENT, open_order
from tests.support.world import World

CAP = 100


def _exhausted(world: World) -> tuple[str, str, str]:
    """A step that was killed as often as the cap allows: its run, its workflow, and the task that would be next."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "charge", compensation=CompensationDeclaration("task:charge"))
    for _ in range(CAP - 1):
        task = world.rows.next_try(task)
        begun = world.begin_as(task, "charge", compensation=CompensationDeclaration("task:charge"))
    assert (begun.decision, begun.attempt) == (BeginDecision.RUN, CAP)
    return run_id, workflow_id, world.rows.next_try(task)


def test_one_more_attempt_fails_the_workflow_and_a_clear_allows_as_many_again(world: World) -> None:
    run_id, workflow_id, task = _exhausted(world)

    with pytest.raises(AttemptsExhausted, match=r"intake\.charge had 100 attempts in round 1.*max_attempts"):
        world.begin_as(task, "charge")

    detail = world.backend.get_workflow(workflow_id)
    assert detail.summary.state is WorkflowState.FAILED
    hold_reason = detail.summary.hold_reason or ""
    assert all(part in hold_reason for part in ("intake.charge", "100", "[wfstate] max_attempts"))
    (step,) = detail.steps
    assert (step.state, len(step.attempts)) == (StepState.LOST, CAP)
    before = world.journal(workflow_id)

    # Sent again, by another task of the run, or by its relay: the workflow stays on hold, and nothing is undone.
    with pytest.raises(AttemptsExhausted):
        world.begin_as(task, "charge")
    with pytest.raises(AttemptsExhausted):
        world.begin(run_id, "ship")
    world.rows.set_task_state(task, "failed")
    relay = world.rows.add_task("intake", run_id, "compensate")
    assert world.backend.take_turn(TakeTurn(relay, ["charge"])).decision is TurnDecision.NOTHING
    assert world.journal(workflow_id) == before
    assert world.backend.get_workflow(workflow_id).steps[0].compensations[0].state is CompensationState.ARMED

    world.rows.count_clear("intake", run_id)
    task = world.rows.next_try(task)
    begun = world.begin_as(task, "charge")
    assert (begun.decision, begun.attempt, begun.round) == (BeginDecision.RUN, CAP + 1, 1)
    assert world.backend.get_workflow(workflow_id).summary.hold_reason is None
    assert world.begin_as(world.rows.next_try(task), "charge").attempt == CAP + 2


def test_a_resume_by_a_person_allows_as_many_again(world: World) -> None:
    order = open_order(world)
    begun = order.begin("ship")
    for _ in range(CAP - 1):
        order.tasks["ship"] = world.rows.next_try(order.tasks["ship"])
        begun = order.begin("ship")
    assert begun.attempt == CAP
    order.tasks["ship"] = world.rows.next_try(order.tasks["ship"])
    with pytest.raises(AttemptsExhausted, match="airflow wfstate resume"):
        order.begin("ship")
    world.rows.set_task_state(order.tasks["ship"], "failed", ended_ago=timedelta(minutes=5))
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "failed")
    world.fail(order.begin_again("fulfil"), "the run failed", write=9)
    order.end_intake_failed()

    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, reason="mended"))
    order.reread()
    order.begin_fulfil_again()

    begun = order.begin("ship")
    assert (begun.decision, begun.attempt, begun.round) == (BeginDecision.RUN, CAP + 1, 1)
    order.tasks["ship"] = world.rows.next_try(order.tasks["ship"])
    assert order.begin("ship").attempt == CAP + 2


def test_a_run_that_was_cleared_before_does_not_resume_by_itself(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.rows.count_clear("intake", run_id)
    task, _ = world.begin(run_id, "charge")
    for _ in range(CAP - 1):
        task = world.rows.next_try(task)
        world.begin_as(task, "charge")
    task = world.rows.next_try(task)
    for _ in range(2):
        with pytest.raises(AttemptsExhausted):
            world.begin_as(task, "charge")

    assert world.told(workflow_id).count("workflow.failed intake.charge") == 1
    assert world.state(workflow_id) is WorkflowState.FAILED


def test_a_wanted_rerun_is_a_round_of_its_own(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "charge")
    for _ in range(CAP - 1):
        task = world.rows.next_try(task)
        begun = world.begin_as(task, "charge")
    world.succeed(begun)

    task = world.rows.next_try(task, state="success")
    again = world.begin_as(task, "charge")

    assert (again.decision, again.round) == (BeginDecision.RUN, 2)
    assert world.begin_as(world.rows.next_try(task), "charge").attempt == CAP + 2
