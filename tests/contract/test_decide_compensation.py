"""The contract of ``StateBackend.decide_compensation``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TurnDecision
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, FailurePolicy
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound, WorkflowClosed
from tests.support.saga import Saga
from tests.support.world import World

_C, _W = CompensationState, WorkflowState


@pytest.fixture
def held(world: World) -> Saga:
    """A workflow in which ``three`` is undone, the undo of ``two`` has failed, and that of ``one`` is armed."""
    saga = Saga.start(world)
    saga.done("one", "two", "three")
    assert saga.undo(saga.fail(), fails=["two"]) == ["three", "two"]
    return saga


def _wish(saga: Saga, decision: Decision, step: str = "two", reason: str = "I looked") -> DecideCompensation:
    return DecideCompensation(saga.workflow_id, step, decision, reason, actor="cli:ada")


def test_a_retry_lets_it_be_tried_again_and_the_rest_follow(held: Saga) -> None:
    answer = held.world.backend.decide_compensation(_wish(held, Decision.RETRY))

    assert (answer.step, answer.round, answer.state) == ("intake.two", 1, _C.RUNNING)
    assert answer.workflow.state is _W.COMPENSATING
    assert held.undo(held.ask()) == ["two", "one"]
    assert held.detail().summary.state is _W.COMPENSATED


def test_a_skip_leaves_it_and_the_rest_follow(held: Saga) -> None:
    answer = held.world.backend.decide_compensation(_wish(held, Decision.SKIP, "intake.two"))

    assert (answer.state, answer.workflow.state) == (_C.SKIPPED, _W.COMPENSATING)
    assert held.undo(held.ask()) == ["one"]
    assert held.detail().summary.state is _W.COMPENSATED
    assert held.compensations() == {"one": _C.DONE, "two": _C.SKIPPED, "three": _C.DONE}
    assert {step.name: step.state for step in held.detail().steps}["two"] is StepState.SUCCEEDED


def test_what_was_done_by_hand_counts_as_undone(held: Saga) -> None:
    answer = held.world.backend.decide_compensation(_wish(held, Decision.DONE))

    assert answer.state is _C.DONE
    assert held.undo(held.ask()) == ["one"]
    assert {step.name: step.state for step in held.detail().steps}["two"] is StepState.COMPENSATED


def test_when_all_is_decided_the_workflow_is_compensated_at_once(held: Saga) -> None:
    held.world.backend.decide_compensation(_wish(held, Decision.SKIP))
    answer = held.world.backend.decide_compensation(_wish(held, Decision.DONE, "one"))
    assert answer.workflow.state is _W.COMPENSATED


def test_while_another_has_failed_it_stays_held(world: World) -> None:
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    saga.done("one", "two")
    saga.undo(saga.fail(), fails=["one", "two"])

    answer = world.backend.decide_compensation(_wish(saga, Decision.SKIP, "one"))
    assert answer.workflow.state is _W.COMPENSATION_FAILED

    answer = world.backend.decide_compensation(_wish(saga, Decision.DONE, "two"))
    assert answer.workflow.state is _W.COMPENSATED


def test_each_decision_is_journaled_with_who_and_why(held: Saga) -> None:
    for decision, step in ((Decision.RETRY, "two"), (Decision.SKIP, "two"), (Decision.DONE, "one")):
        held.world.backend.decide_compensation(_wish(held, decision, step, reason=f"because of {decision.value}"))
    told = [
        (entry.kind.value, entry.step, entry.data["reason"])
        for entry in held.world.journal(held.workflow_id)
        if entry.data.get("by_hand") and entry.actor in ("cli:ada", "user:admin")
    ]
    assert told == [
        ("compensation.retried", "intake.two", "because of retry"),
        ("compensation.skipped", "intake.two", "because of skip"),
        ("compensation.done", "intake.one", "because of done"),
    ]


def test_what_has_no_relay_any_more_is_held_and_can_be_skipped(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    world.rows.delete_task(saga.relay)
    world.rows.set_run_state("intake", saga.run_id, "failed")
    world.sweep()
    held = world.backend.decide_compensation(_wish(saga, Decision.RETRY, "one"))
    assert held.workflow.state is _W.COMPENSATION_FAILED, "there is still nobody"
    summary = saga.detail().summary
    assert summary.state is _W.COMPENSATION_FAILED
    assert "its task compensate is" in str(summary.hold_reason)

    answer = world.backend.decide_compensation(_wish(saga, Decision.SKIP, "one"))

    assert answer.workflow.state is _W.COMPENSATED


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_decision_needs_a_reason(held: Saga, reason: str) -> None:
    before = held.world.journal(held.workflow_id)
    with pytest.raises(InvalidRequest, match="needs a reason"):
        held.world.backend.decide_compensation(_wish(held, Decision.SKIP, reason=reason))
    assert held.world.journal(held.workflow_id) == before


def test_a_step_that_has_nothing_to_undo_is_not_found_and_the_others_are_named(held: Saga) -> None:
    for step in ("three", "nonsense"):
        with pytest.raises(StepNotFound, match=r"nothing to undo for step .*intake\.two, intake\.one"):
            held.world.backend.decide_compensation(_wish(held, Decision.SKIP, step))


def test_a_workflow_that_is_not_being_undone_waits_for_no_decision(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    with pytest.raises(WorkflowClosed, match="none of its compensations needs a decision"):
        world.backend.decide_compensation(_wish(saga, Decision.SKIP, "one"))


def _running(world: World) -> Saga:
    saga = Saga.start(world)
    saga.done("one")
    return saga


def _with_nothing_to_undo(world: World) -> Saga:
    return Saga.start(world)


def _compensated(world: World) -> Saga:
    saga = _running(world)
    saga.undo(saga.fail())
    return saga


def _cancelled(world: World) -> Saga:
    saga = _running(world)
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))
    return saga


def _failed_on_hold(world: World) -> Saga:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    saga.fail()
    return saga


def _with_a_pivot(world: World) -> Saga:
    saga = _running(world)
    task = world.rows.add_task("intake", saga.run_id, "pay")
    world.succeed(world.backend.begin_step(BeginStep(task, "pay", pivot=True)))
    world.rows.set_task_state(task, "success")
    return saga


def _with_a_pivot_and_failed(world: World) -> Saga:
    saga = _with_a_pivot(world)
    saga.fail()
    return saga


@pytest.mark.parametrize(
    ("prepare", "remedy"),
    [
        (_running, "Undo it with: airflow wfstate compensate {}"),
        (_failed_on_hold, "Undo it with: airflow wfstate compensate {}"),
        (_with_nothing_to_undo, "The workflow is running, and there is nothing to undo."),
        (_compensated, "Nothing is left to undo; see what was undone with: airflow wfstate show {}"),
        (_cancelled, "Undo its work manually"),
        (_with_a_pivot, "Let it finish; see what it is doing with: airflow wfstate show {}"),
        (_with_a_pivot_and_failed, "Let it finish: airflow wfstate resume {}"),
    ],
)
def test_a_refused_decision_names_what_helps_in_the_state_of_the_workflow(
    world: World, prepare: Callable[[World], Saga], remedy: str
) -> None:
    saga = prepare(world)

    for decision in Decision:
        with pytest.raises(WorkflowClosed, match="none of its compensations needs a decision") as refused:
            world.backend.decide_compensation(_wish(saga, decision, "one"))
        assert remedy.format(saga.workflow_id) in refused.value.remedy
    if "wfstate compensate" in remedy:
        assert world.backend.plan_compensate(saga.workflow_id).changes
    else:
        assert "wfstate compensate" not in refused.value.remedy


def test_what_is_being_undone_at_this_moment_is_left_alone(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    assert saga.fail().decision is TurnDecision.COMPENSATE
    with pytest.raises(WorkflowClosed, match="being undone right now"):
        world.backend.decide_compensation(_wish(saga, Decision.DONE, "one"))


def test_a_decision_that_is_sent_again_never_falls_to_another_step(world: World) -> None:
    """The name of the step ``intake.two`` is the full name of the step ``two`` of DAG intake."""
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    saga.done("one", "two", "intake.two")
    saga.undo(saga.fail(), fails=["two", "intake.two"])

    answer = world.backend.decide_compensation(_wish(saga, Decision.SKIP, "intake.two"))
    with pytest.raises(StepNotFound, match=r"intake\.intake\.two"):
        world.backend.decide_compensation(_wish(saga, Decision.SKIP, "intake.two"))

    assert answer.step == "intake.two"
    assert saga.compensations() == {"one": _C.DONE, "two": _C.SKIPPED, "intake.two": _C.FAILED}


def test_of_several_rounds_one_must_be_named(world: World) -> None:
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    undo = CompensationDeclaration("task:two", max_attempts=1)
    task, first = world.begin(saga.run_id, "two", compensation=undo)
    world.succeed(first)
    cleared = world.rows.next_try(task, state="success")
    world.succeed(world.begin_as(cleared, "two", compensation=undo))
    world.rows.set_task_state(cleared, "success")
    saga.undo(saga.fail(), fails=["two"])

    with pytest.raises(InvalidRequest, match=r"Step intake\.two has several rounds to undo: 1, 2\."):
        world.backend.decide_compensation(_wish(saga, Decision.DONE))
    answer = world.backend.decide_compensation(replace(_wish(saga, Decision.DONE), round=2))
    with pytest.raises(StepNotFound, match="in round 2"):
        world.backend.decide_compensation(replace(_wish(saga, Decision.DONE), round=2))

    assert (answer.round, answer.workflow.state) == (2, _W.COMPENSATION_FAILED)
