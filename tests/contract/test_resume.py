"""The contract of ``StateBackend.resume_workflow`` and ``plan_resume``, for a resume."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.resume import NewTask, PausedDag, ResumeWorkflow, StepToRun
from airflow_wfstate.domain.messages.step import BeginDecision
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import Conflict, IdempotencyConflict, InvalidRequest, WorkflowClosed, WorkflowNotFound
from tests.support.serialized_dags import deploy, forget, set_paused
from tests.support.shop import (
    FULFILMENT,
    INTAKE,
    RELAY,
    Order,
    failed_order,
    fulfilment_dag,
    intake_dag,
    open_order,
    succeeded_order,
)
from tests.support.world import World


def _resume(order: Order, **wish: object) -> ResumeWorkflow:
    return ResumeWorkflow(order.workflow_id, **wish)  # type: ignore[arg-type]  # the tests name its fields


def _state(order: Order) -> WorkflowState:
    return order.world.state(order.workflow_id)


def test_a_failed_workflow_goes_on_from_what_is_unfinished(world: World) -> None:
    order = failed_order(world)

    resumed = world.backend.resume_workflow(_resume(order, reason="the carrier is back", actor="cli:ada"))

    assert resumed.changed
    assert (resumed.cleared_tasks, resumed.cleared_relays) == (3, 2)
    assert (resumed.workflow.state, _state(order)) == (WorkflowState.RUNNING, WorkflowState.RUNNING)
    assert order.run_states() == ["running", "running"]
    done = {"start": "success", "reserve": "success", "charge": "success"}
    assert order.states() == {**done, "fulfil": None, "complete": None, RELAY: None}
    assert order.states(FULFILMENT) == {"pack": "success", "ship": None, RELAY: None}
    summary = world.backend.get_workflow(order.workflow_id).summary
    assert (summary.hold_reason, summary.error, summary.ended_at) == (None, None, None)
    entry = world.journal(order.workflow_id)[-1]
    assert entry.kind is EntryKind.WORKFLOW_RESUMED
    assert entry.data["reason"] == "the carrier is back"
    assert (entry.data["by"], entry.data["cleared_tasks"], entry.data["cleared_relays"]) == ("resume", 3, 2)


def test_what_is_resumed_runs_to_its_end_and_what_was_done_is_not_done_again(world: World) -> None:
    order = failed_order(world)
    before = {step.name: len(step.attempts) for step in world.backend.get_workflow(order.workflow_id).steps}

    world.backend.resume_workflow(_resume(order))
    order.reread()
    fulfil = order.begin_fulfil_again()
    order.do("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "success")
    world.succeed(fulfil, {"state": "success"}, write=9)
    world.rows.set_task_state(order.tasks["complete"], "running")
    world.backend.complete_workflow(CompleteWorkflow(order.tasks["complete"], Payload.of("done")))

    detail = world.backend.get_workflow(order.workflow_id)
    assert detail.summary.state is WorkflowState.SUCCEEDED
    assert {step.round for step in detail.steps} == {1}
    attempts = {step.name: len(step.attempts) for step in detail.steps}
    assert attempts == {**before, "fulfil": 2, "ship": 2}
    assert [run.run_id for run in detail.runs] == [order.run_id, order.child_run]


def test_the_plan_says_all_of_it_and_changes_nothing(world: World) -> None:
    order = failed_order(world)
    journal = world.journal(order.workflow_id)

    plan = world.backend.plan_resume(order.workflow_id)

    assert plan.allowed
    assert [(task.dag_id, task.task_id, task.state, task.why) for task in plan.tasks] == [
        (FULFILMENT, "ship", "failed", "failed"),
        (INTAKE, "complete", "upstream_failed", "an upstream task failed"),
        (INTAKE, "fulfil", "failed", "failed"),
    ]
    assert [(relay.dag_id, relay.task_id) for relay in plan.relays] == [(FULFILMENT, RELAY), (INTAKE, RELAY)]
    assert [(run.dag_id, run.state, run.cleared_tasks) for run in plan.runs] == [
        (INTAKE, "failed", 2),
        (FULFILMENT, "failed", 1),
    ]
    assert plan.steps_answering == [f"{INTAKE}.reserve", f"{INTAKE}.charge", f"{FULFILMENT}.pack"]
    assert plan.steps_to_run == [
        StepToRun(f"{INTAKE}.fulfil", "failed: next attempt of round 1"),
        StepToRun(f"{FULFILMENT}.ship", "failed: next attempt of round 1"),
        StepToRun("invoice", "has not begun"),
    ]
    assert (plan.recreated_runs, plan.paused_dags, plan.new_tasks, plan.notes) == ([], [], [], [])
    assert order.run_states() == ["failed", "failed"]
    assert world.journal(order.workflow_id) == journal
    assert world.backend.plan_resume(order.workflow_id) == plan


def test_a_child_that_succeeded_is_not_touched(world: World) -> None:
    order = open_order(world)
    order.do("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "success")
    world.fail(order.begin_again("fulfil"), "its process died", write=9)
    order.end_intake_failed()

    world.backend.resume_workflow(_resume(order))

    assert order.run_states() == ["running", "success"]
    assert set(order.states(FULFILMENT).values()) == {"success"}


def test_a_lost_step_runs_again(world: World) -> None:
    order = open_order(world)
    order.begin("ship")
    world.rows.set_task_state(order.tasks["ship"], "failed", ended_ago=timedelta(minutes=5))  # killed
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "failed")
    world.fail(order.begin_again("fulfil"), "the run failed", write=9)
    order.end_intake_failed()

    plan = world.backend.plan_resume(order.workflow_id)
    world.backend.resume_workflow(_resume(order))
    order.reread()
    again = order.begin("ship")

    assert any(step.step == f"{FULFILMENT}.ship" for step in plan.steps_to_run)
    assert (again.decision, again.round, again.attempt) == (BeginDecision.RUN, 1, 2)


def test_the_task_that_waits_for_a_child_begins_its_wait_anew(world: World) -> None:
    """Its trigger may have already seen that the child failed, and would fail the task for that."""
    order = open_order(world)
    order.fail("ship")
    order.wait_for_child()
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "failed")
    assert _state(order) is WorkflowState.FAILED

    world.backend.resume_workflow(_resume(order))

    assert order.states()["fulfil"] is None
    assert order.run_states() == ["running", "running"]
    order.reread()
    again = order.begin("fulfil")
    assert (again.decision, again.round, again.attempt) == (BeginDecision.RUN, 1, 2)


def test_tasks_that_a_timed_out_run_skipped_run(world: World) -> None:
    order = open_order(world)
    order.begin("ship")
    for task_id in ("ship", "child_compensate"):  # as dagrun_timeout does: no end is recorded
        world.rows.set_task_state(order.tasks[task_id], "skipped")
    world.rows.set_run_state(FULFILMENT, order.child_run, "failed")
    world.fail(order.begin_again("fulfil"), "the run failed", write=9)
    order.end_intake_failed()

    world.backend.resume_workflow(_resume(order))

    assert order.states(FULFILMENT)["ship"] is None


def test_a_task_that_decided_to_be_skipped_stays_so(world: World) -> None:
    order = open_order(world)
    order.skip("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "success")
    world.fail(order.begin_again("fulfil"), "its process died", write=9)
    order.end_intake_failed()
    plan = world.backend.plan_resume(order.workflow_id)

    assert f"{FULFILMENT}.ship" in plan.steps_answering
    assert FULFILMENT not in {task.dag_id for task in plan.tasks}


def test_a_step_marked_success_by_hand_is_left_alone(world: World) -> None:
    order = failed_order(world)
    world.rows.set_task_state(order.tasks["ship"], "success", ended_ago=timedelta(minutes=1))

    plan = world.backend.plan_resume(order.workflow_id)

    assert "ship" not in {task.task_id for task in plan.tasks}
    assert [note for note in plan.notes if "ship stays failed" in note and "marked success" in note]
    world.backend.resume_workflow(_resume(order))
    assert order.run_states() == ["running", "running"]


def test_resuming_twice_at_once_runs_things_once(world: World) -> None:
    order = failed_order(world)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: world.backend.resume_workflow(_resume(order)), range(4)))

    assert sorted(answer.changed for answer in answers) == [False, False, False, True]
    assert {answer.workflow.state for answer in answers} == {WorkflowState.RUNNING}
    assert all("is running" in answer.outcome for answer in answers)
    assert world.told(order.workflow_id).count("workflow.resumed") == 1
    assert order.earlier_tries("ship") == 1


def test_sent_again_it_answers_as_the_first_time(world: World) -> None:
    order, key = failed_order(world), world.unique("key")
    first = world.backend.resume_workflow(_resume(order, idempotency_key=key))
    journal = world.journal(order.workflow_id)

    assert world.backend.resume_workflow(_resume(order, idempotency_key=key)) == first
    assert world.journal(order.workflow_id) == journal
    with pytest.raises(IdempotencyConflict):
        world.backend.resume_workflow(_resume(order, idempotency_key=key, reason="another"))


def test_a_new_deadline_may_be_set(world: World) -> None:
    order = failed_order(world)
    with pytest.raises(InvalidRequest):
        world.backend.resume_workflow(_resume(order, deadline_seconds=0))

    world.backend.resume_workflow(_resume(order, deadline_seconds=7200))

    summary = world.backend.get_workflow(order.workflow_id).summary
    assert summary.deadline_at == summary.updated_at + timedelta(hours=2)


def test_a_running_and_a_succeeded_workflow_have_nothing_to_resume(world: World) -> None:
    for order, word in ((open_order(world), "is running"), (succeeded_order(world), "has succeeded")):
        journal, states = world.journal(order.workflow_id), order.run_states()
        plan = world.backend.plan_resume(order.workflow_id)
        answer = world.backend.resume_workflow(_resume(order))

        assert not plan.allowed
        assert plan.refusal is not None
        assert word in plan.refusal.reason
        assert not answer.changed
        assert word in answer.outcome
        assert (world.journal(order.workflow_id), order.run_states()) == (journal, states)


def test_what_is_undone_cannot_be_resumed(world: World) -> None:
    order = open_order(world, on_failure=FailurePolicy.COMPENSATE)
    order.fail("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "failed")
    assert _state(order) is WorkflowState.COMPENSATING

    plan = world.backend.plan_resume(order.workflow_id)

    assert plan.refusal is not None
    assert (plan.allowed, plan.refusal.reason.endswith("is being compensated.")) == (False, True)
    with pytest.raises(WorkflowClosed, match="is being compensated"):
        world.backend.resume_workflow(_resume(order))


@pytest.mark.parametrize("workflow_id", ["01900000-0000-7000-8000-000000000000", "nonsense"])
def test_an_unknown_workflow_is_not_found(world: World, workflow_id: str) -> None:
    with pytest.raises(WorkflowNotFound):
        world.backend.plan_resume(workflow_id)
    with pytest.raises(WorkflowNotFound):
        world.backend.resume_workflow(ResumeWorkflow(workflow_id))


def test_an_owner_that_is_gone_is_created_again(world: World) -> None:
    order = failed_order(world)
    order.delete_run(INTAKE)
    plan = world.backend.plan_resume(order.workflow_id)

    resumed = world.backend.resume_workflow(_resume(order))

    (created,) = plan.recreated_runs
    assert (created.dag_id, created.run_id, created.conf) == (INTAKE, order.run_id, {"order_id": order.key})
    assert created.created_by == "resume"
    assert resumed.recreated_runs == 1
    assert order.run_states() == ["queued", "running"]
    assert order.conf() == {"order_id": order.key}
    assert order.states() == dict.fromkeys(["start", "reserve", "charge", "fulfil", "complete", RELAY])
    order.reread()
    assert order.begin("reserve").decision is BeginDecision.ANSWERED
    assert order.begin_fulfil_again().round == 1


def test_a_running_workflow_whose_owner_is_gone_is_stranded_and_may_be_resumed(world: World) -> None:
    order = open_order(world)
    order.fail("ship")
    order.delete_run(INTAKE)
    order.delete_run(FULFILMENT)

    plan = world.backend.plan_resume(order.workflow_id)
    resumed = world.backend.resume_workflow(_resume(order))
    again = world.backend.resume_workflow(_resume(order))

    assert [(run.dag_id, run.created_by) for run in plan.recreated_runs] == [
        (INTAKE, "resume"),
        (FULFILMENT, f"{INTAKE}/{order.run_id}/fulfil"),
    ]
    assert (resumed.changed, again.changed) == (True, False)
    assert order.run_states() == ["queued", None]


def test_an_owner_whose_conf_is_not_known_is_for_a_person_to_create(world: World) -> None:
    order = failed_order(world)
    order.delete_run(INTAKE)
    deploy(world.rows.engine, intake_dag(input={"order": "{{ params.order_id }}"}))

    plan = world.backend.plan_resume(order.workflow_id)

    assert plan.refusal is not None
    assert (plan.allowed, "so is its conf" in plan.refusal.reason) == (False, True)
    assert f"airflow dags trigger {INTAKE} --run-id {order.run_id}" in plan.refusal.remedy
    with pytest.raises(Conflict, match="so is its conf"):
        world.backend.resume_workflow(_resume(order))
    assert _state(order) is WorkflowState.FAILED


def test_a_child_that_is_gone_is_created_by_the_task_that_triggers_it(world: World) -> None:
    order = failed_order(world)
    order.delete_run(FULFILMENT)

    plan = world.backend.plan_resume(order.workflow_id)
    world.backend.resume_workflow(_resume(order))

    (created,) = plan.recreated_runs
    assert (created.run_id, created.conf) == (order.child_run, None)
    assert created.created_by == f"{INTAKE}/{order.run_id}/fulfil"
    assert StepToRun(f"{FULFILMENT}.ship", "failed: next attempt of round 1") in plan.steps_to_run
    assert order.run_states() == ["running", None]


def test_paused_dags_are_named_with_the_command_that_unpauses_them(world: World) -> None:
    order = failed_order(world)
    set_paused(world.rows.engine, FULFILMENT)

    plan = world.backend.plan_resume(order.workflow_id)
    resumed = world.backend.resume_workflow(_resume(order))

    assert plan.paused_dags == [PausedDag(FULFILMENT, f"airflow dags unpause {FULFILMENT}")]
    assert resumed.paused_dag_ids == [FULFILMENT]
    set_paused(world.rows.engine, FULFILMENT, paused=False)


def test_tasks_that_the_dag_gained_are_named(world: World) -> None:
    order = failed_order(world)
    deploy(world.rows.engine, intake_dag(extra_task="invoice"))

    plan = world.backend.plan_resume(order.workflow_id)

    assert plan.new_tasks == [NewTask(INTAKE, order.run_id, "invoice", runs=True)]


def test_a_dag_that_airflow_has_forgotten_is_a_reason_to_refuse(world: World) -> None:
    order = failed_order(world)
    forget(world.rows.engine, FULFILMENT)

    with pytest.raises(Conflict, match=f"no longer knows DAG {FULFILMENT}"):
        world.backend.resume_workflow(_resume(order))

    assert order.run_states() == ["failed", "failed"]
    deploy(world.rows.engine, fulfilment_dag())


def test_nothing_is_changed_when_a_run_cannot_be_created(world: World) -> None:
    """It is one transaction, so what was cleared before the refusal is rolled back."""
    order = failed_order(world)
    order.delete_run(INTAKE)
    deploy(world.rows.engine, intake_dag(order_id_type="integer"))
    journal = world.journal(order.workflow_id)

    with pytest.raises(Conflict, match="refuses to recreate run"):
        world.backend.resume_workflow(_resume(order))

    assert order.run_states() == [None, "failed"]
    assert order.states(FULFILMENT)["ship"] == "failed"
    assert (_state(order), world.journal(order.workflow_id)) == (WorkflowState.FAILED, journal)


def test_a_workflow_that_nothing_failed_in_airflow_is_running_again(world: World) -> None:
    order = failed_order(world)
    for dag_id, run_id in ((INTAKE, order.run_id), (FULFILMENT, order.child_run)):
        world.rows.set_run_state(dag_id, run_id, "success")

    resumed = world.backend.resume_workflow(_resume(order))

    assert (resumed.changed, resumed.cleared_tasks) == (True, 0)
    assert order.run_states() == ["success", "success"]


def test_a_lost_step_keeps_its_state_until_it_runs(world: World) -> None:
    order = failed_order(world)
    world.backend.resume_workflow(_resume(order))

    steps = {step.name: step.state for step in world.backend.get_workflow(order.workflow_id).steps}

    assert steps["ship"] is StepState.FAILED
