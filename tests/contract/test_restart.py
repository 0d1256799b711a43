"""The contract of ``StateBackend.resume_workflow`` and ``plan_resume``, for a restart from a step."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.resume import ResumeWorkflow, StepToRun
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, OnClear
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.exceptions import Conflict, InvalidRequest, StepNotFound, WorkflowClosed
from tests.support.shop import FULFILMENT, INTAKE, RELAY, Order, failed_order, open_order, succeeded_order
from tests.support.world import World


def _restart(order: Order, step: str) -> ResumeWorkflow:
    return ResumeWorkflow(order.workflow_id, from_step=step, actor="cli:ada", reason="wrong address")


def test_a_succeeded_workflow_is_reopened_and_runs_again_from_a_step_on(world: World) -> None:
    order = succeeded_order(world)

    restarted = world.backend.resume_workflow(_restart(order, "charge"))

    assert (restarted.workflow.state, restarted.cleared_tasks) == (WorkflowState.RUNNING, 3)
    assert order.states() == {
        "start": "success",
        "reserve": "success",
        "charge": None,
        "fulfil": None,
        "complete": None,
        RELAY: None,
    }
    assert order.run_states() == ["running", "success"]
    entry = world.journal(order.workflow_id)[-1]
    assert entry.kind is EntryKind.WORKFLOW_REOPENED
    assert (entry.actor, entry.data["by"], entry.data["from_step"], entry.data["reason"]) in {
        ("cli:ada", "restart", f"{INTAKE}.charge", "wrong address"),
        ("user:admin", "restart", f"{INTAKE}.charge", "wrong address"),
    }
    compensations = world.backend.get_workflow(order.workflow_id).steps[0].compensations
    assert [item.state for item in compensations] == [CompensationState.ARMED]
    order.reread()
    charge = order.begin("charge")
    assert (charge.decision, charge.round) == (BeginDecision.RUN, 2)
    world.rows.set_task_state(order.tasks["reserve"], "running")
    assert order.begin("reserve").decision is BeginDecision.ANSWERED


def test_a_restarted_step_that_is_declared_to_be_reused_answers(world: World) -> None:
    order = succeeded_order(world)
    plan = world.backend.plan_resume(order.workflow_id, "charge")
    world.backend.resume_workflow(_restart(order, "charge"))
    order.reread()
    world.rows.set_task_state(order.tasks["charge"], "running")

    answered = world.backend.begin_step(BeginStep(order.tasks["charge"], "charge", on_clear=OnClear.REUSE))

    assert answered.decision is BeginDecision.ANSWERED
    assert any("on_clear='reuse'" in note for note in plan.notes)


def test_a_restart_inside_a_child_takes_the_steps_along_that_wait_for_it(world: World) -> None:
    order = succeeded_order(world)
    plan = world.backend.plan_resume(order.workflow_id, "ship")

    world.backend.resume_workflow(_restart(order, "ship"))

    assert [(task.dag_id, task.task_id) for task in plan.tasks] == [
        (FULFILMENT, "ship"),
        (INTAKE, "complete"),
        (INTAKE, "fulfil"),
    ]
    assert plan.steps_to_run[:2] == [
        StepToRun(f"{INTAKE}.fulfil", "done before: runs again as round 2"),
        StepToRun(f"{FULFILMENT}.ship", "done before: runs again as round 2"),
    ]
    assert order.run_states() == ["running", "running"]
    assert order.states(FULFILMENT) == {"pack": "success", "ship": None, RELAY: None}


def test_the_step_that_waits_attaches_to_the_child_and_triggers_no_second_one(world: World) -> None:
    order = succeeded_order(world)
    child_run = order.child_run
    world.backend.resume_workflow(_restart(order, "ship"))
    order.reread()

    fulfil = order.begin_fulfil_again()

    assert (fulfil.round, order.child_run) == (2, child_run)
    assert order.begin("ship").round == 2
    world.succeed(order.begin_again("ship"), "shipped again")
    order.end_run(FULFILMENT, child_run, "child_compensate", "ship", "success")
    world.fail(fulfil, "its process died", write=9)
    fulfil = order.begin_fulfil_next_try()
    assert (fulfil.round, order.child_run) == (2, child_run)
    world.succeed(fulfil, {"state": "success"}, write=9)
    world.rows.set_task_state(order.tasks["complete"], "running")
    world.backend.complete_workflow(CompleteWorkflow(order.tasks["complete"], Payload.of("again")))
    detail = world.backend.get_workflow(order.workflow_id)
    assert (detail.summary.state, len(detail.runs)) == (WorkflowState.SUCCEEDED, 2)


def test_a_step_that_is_restarted_itself_triggers_a_new_run_and_the_plan_says_so(world: World) -> None:
    order = succeeded_order(world)
    child_run = order.child_run
    plan = world.backend.plan_resume(order.workflow_id, "fulfil")

    world.backend.resume_workflow(_restart(order, "fulfil"))
    order.reread()
    order.begin_fulfil_again()

    assert order.child_run != child_run
    assert any("triggers a new run" in note for note in plan.notes)


def test_a_failed_workflow_restarts_with_what_is_unfinished(world: World) -> None:
    order = failed_order(world)

    plan = world.backend.plan_resume(order.workflow_id, f"{FULFILMENT}.pack")
    world.backend.resume_workflow(_restart(order, f"{FULFILMENT}.pack"))

    assert plan.from_step == f"{FULFILMENT}.pack"
    assert StepToRun(f"{FULFILMENT}.pack", "done before: runs again as round 2") in plan.steps_to_run
    assert order.states(FULFILMENT) == {"pack": None, "ship": None, RELAY: None}
    assert order.states()["fulfil"] is None
    assert world.told(order.workflow_id)[-1] == "workflow.resumed"
    order.reread()
    assert order.begin("pack").round == 2


def test_all_items_of_a_mapped_step_run_again(world: World) -> None:
    order = succeeded_order(world, items=("a", "b"))

    plan = world.backend.plan_resume(order.workflow_id, "charge")
    world.backend.resume_workflow(_restart(order, "charge"))

    assert [(task.task_id, task.map_index) for task in plan.tasks] == [
        ("charge", 0),
        ("charge", 1),
        ("complete", -1),
        ("fulfil", -1),
    ]
    assert [step.step for step in plan.steps_to_run][:2] == [f"{INTAKE}.charge[a]", f"{INTAKE}.charge[b]"]


def test_a_name_that_two_participants_have_is_to_be_qualified(world: World) -> None:
    order = open_order(world)
    for run_id, dag_id in ((order.run_id, INTAKE), (order.child_run, FULFILMENT)):
        world.step_done(run_id, "validate", dag_id=dag_id)
    order.fail("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "failed")

    with pytest.raises(InvalidRequest, match=rf"{FULFILMENT}\.validate, {INTAKE}\.validate"):
        world.backend.plan_resume(order.workflow_id, "validate")
    with pytest.raises(InvalidRequest, match="2 steps named 'validate'"):
        world.backend.resume_workflow(_restart(order, "validate"))


def test_an_unknown_step_is_not_found_and_those_that_have_begun_are_named(world: World) -> None:
    order = failed_order(world)

    with pytest.raises(StepNotFound, match=rf"no step 'nothing'.*{INTAKE}\.reserve"):
        world.backend.plan_resume(order.workflow_id, "nothing")
    with pytest.raises(StepNotFound):
        world.backend.resume_workflow(_restart(order, "invoice"))  # planned, but has not begun


@pytest.mark.parametrize("written", ["etl.fetch[{}]", f"{INTAKE}.etl.fetch[{{}}]"])
@pytest.mark.parametrize("item", ['{"f":"c.csv"}', "[1]", "not begun"])
def test_an_item_is_not_restarted_alone_and_its_step_is_named(world: World, written: str, item: str) -> None:
    order = open_order(world)
    for item_key in ('{"f":"c.csv"}', "[1]"):
        world.succeed(world.begin(order.run_id, "etl.fetch", dag_id=INTAKE, item_key=item_key)[1], item_key)

    with pytest.raises(InvalidRequest) as refused:
        world.backend.plan_resume(order.workflow_id, written.format(item))

    assert "names an item, and a restart takes a mapped step with all its items." in refused.value.reason
    assert refused.value.remedy == f"Give the name of the step instead: {INTAKE}.etl.fetch."
    assert world.backend.plan_resume(order.workflow_id, f"{INTAKE}.etl.fetch").from_step == f"{INTAKE}.etl.fetch"


def test_a_step_that_is_not_mapped_has_no_items(world: World) -> None:
    with pytest.raises(StepNotFound, match=r"no step 'charge\[7\]'"):
        world.backend.plan_resume(failed_order(world).workflow_id, "charge[7]")


def test_a_running_workflow_is_not_restarted(world: World) -> None:
    order = open_order(world)

    plan = world.backend.plan_resume(order.workflow_id, "pack")

    assert plan.refusal is not None
    assert "is running" in plan.refusal.reason
    with pytest.raises(WorkflowClosed, match="is running"):
        world.backend.resume_workflow(_restart(order, "pack"))


def test_whoever_names_an_unknown_step_learns_that_no_step_could_be_restarted_now(world: World) -> None:
    order = open_order(world)
    with pytest.raises(StepNotFound, match=r"None of them could be restarted: .* is running"):
        world.backend.plan_resume(order.workflow_id, "unheard_of")


def test_nothing_is_restarted_while_a_task_below_is_at_work(world: World) -> None:
    order = failed_order(world)
    world.rows.set_task_state(order.tasks["complete"], "running")

    plan = world.backend.plan_resume(order.workflow_id, "charge")

    assert plan.refusal is not None
    assert "Task complete" in plan.refusal.reason
    with pytest.raises(Conflict, match="is running: it is running or about to"):
        world.backend.resume_workflow(_restart(order, "charge"))


def test_a_step_whose_run_is_gone_cannot_be_restarted(world: World) -> None:
    order = succeeded_order(world)
    order.delete_run(FULFILMENT)

    with pytest.raises(Conflict, match="is gone"):
        world.backend.resume_workflow(_restart(order, "ship"))
