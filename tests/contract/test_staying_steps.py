"""The contract of the steps that an undo leaves as they are: plans name and count them; the journal has the counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.staying import StayingStep, StayingSteps
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from tests.support.saga import BREAKS, Saga
from tests.support.world import World


def _mixed(world: World) -> Saga:
    """Two steps with an undo; three without (one succeeded, one is lost, one failed); and an irreversible one."""
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("reserve", "charge")
    world.step_done(saga.run_id, "greet")
    lost, _ = world.begin(saga.run_id, "print")
    world.rows.set_task_state(lost, "failed", ended_ago=timedelta(minutes=5))
    mail = world.rows.add_task("intake", saga.run_id, "mail")
    world.succeed(world.backend.begin_step(BeginStep(mail, "mail", irreversible="email sent")))
    world.rows.set_task_state(mail, "success")
    world.sweep()
    saga.fail()
    return saga


def _stays() -> StayingSteps:
    return StayingSteps(
        3,
        [
            StayingStep("intake.greet", 1, StepState.SUCCEEDED),
            StayingStep("intake.print", 1, StepState.LOST),
            StayingStep(f"intake.{BREAKS}", 1, StepState.FAILED),
        ],
    )


def test_the_plan_of_an_undo_names_what_stays(world: World) -> None:
    saga = _mixed(world)

    plan = world.backend.plan_compensate(saga.workflow_id)

    assert plan.stays == _stays()
    assert [item.step for item in plan.undone] == ["intake.charge", "intake.reserve"]
    assert [item.step for item in plan.irreversible] == ["intake.mail"]
    assert plan.outcome.endswith("Undo 2; 3 stay as they are: no undo is declared.")


def test_so_does_the_plan_of_a_cancel_that_undoes_and_no_other(world: World) -> None:
    saga = _mixed(world)

    assert world.backend.plan_cancel(saga.workflow_id, compensate=True).stays == _stays()
    assert world.backend.plan_cancel(saga.workflow_id).stays == StayingSteps()


def test_the_journal_keeps_the_numbers(world: World) -> None:
    saga = _mixed(world)
    answer = world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
    assert answer.outcome.endswith("Undo 2; 3 stay as they are: no undo is declared.")
    saga.undo(saga.ask())

    data = {entry.kind.value: entry.data for entry in world.journal(saga.workflow_id) if entry.step is None}

    begun, ended = data["workflow.compensating"], data["workflow.compensated"]
    assert (begun["undos_armed"], begun["staying"], begun["irreversible"]) == (2, 3, 1)
    assert ended == {"undos_done": 2, "staying": 3, "irreversible": 1}
    after = world.backend.plan_compensate(saga.workflow_id)
    assert (after.workflow.state, after.stays) == (WorkflowState.COMPENSATED, _stays())


def test_an_undo_that_starts_by_itself_is_counted_too(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    world.step_done(saga.run_id, "greet")
    saga.fail()

    (entry,) = [entry for entry in world.journal(saga.workflow_id) if entry.kind.value == "workflow.compensating"]

    assert entry.data == {"undos_armed": 1, "staying": 2, "irreversible": 0}


def test_a_declared_undo_that_is_not_needed_is_no_step_that_stays(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    declared = CompensationDeclaration("task:two", when=CompensateWhen.COMPLETED)
    task, begun = world.begin(saga.run_id, "two", compensation=declared)
    world.fail(begun)
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))

    assert world.backend.plan_cancel(saga.workflow_id, compensate=True).stays == StayingSteps()


@pytest.mark.parametrize("items", [120])
def test_of_many_that_stay_a_hundred_are_named_and_all_are_counted(world: World, items: int) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    task = world.rows.add_task("intake", saga.run_id, "paint")
    for number in range(items):
        world.succeed(world.begin_as(task, "paint", item_key=f"{number:03}"))

    stays = world.backend.plan_cancel(saga.workflow_id, compensate=True).stays

    assert (stays.count, len(stays.steps), stays.unnamed) == (items, 100, items - 100)
    assert stays.steps[0].step == "intake.paint[000]"
