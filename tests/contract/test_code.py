"""The contract of ``code``: which version of its DAG and bundle a run continues with, on a versioned bundle."""

from __future__ import annotations

import pytest
from airflow import __version__ as airflow_version
from packaging.version import Version

from airflow_wfstate.domain.messages.code import ChangedTask, Code, TaskChange
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn, TurnDecision
from airflow_wfstate.domain.messages.resume import NewTask, ResumeWorkflow
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.serialized_dags import bundle_version_of, deploy, pin
from tests.support.shop import FULFILMENT, INTAKE, RELAY, Order, failed_order, intake_dag, succeeded_order
from tests.support.world import World


def _versioned(world: World, order: Order) -> Order:
    """The order's intake ran commit ``one``; commit ``two`` has one more task. The child has no versions."""
    deploy(world.rows.engine, intake_dag(), bundle_version="one")
    pin(world.rows.engine, INTAKE, order.run_id)
    deploy(world.rows.engine, intake_dag(extra_task="notify"), bundle_version="two")
    return order


def _bundle_version(order: Order) -> str | None:
    return bundle_version_of(order.world.rows.engine, INTAKE, order.run_id)


def test_a_run_keeps_its_code_unless_something_else_is_asked_for(world: World) -> None:
    order = _versioned(world, failed_order(world))

    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id))

    assert _bundle_version(order) == "one"
    assert "notify" not in order.states()


def test_with_latest_a_run_goes_on_with_the_newest_code_and_its_new_tasks(world: World) -> None:
    order = _versioned(world, failed_order(world))

    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, code=Code.LATEST))

    assert _bundle_version(order) == "two"
    assert order.states()["notify"] is None, "it is to run"
    assert order.states()["charge"] == "success"
    entry = world.journal(order.workflow_id)[-1]
    assert [(run["dag_id"], run["uses"], run["bundle_version"]) for run in entry.data["code"]] == [  # type: ignore[attr-defined]
        (INTAKE, "latest", "two")
    ]


def test_a_restart_takes_the_code_that_is_asked_for_too(world: World) -> None:
    order = _versioned(world, succeeded_order(world))

    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, from_step="charge", code=Code.LATEST))

    assert _bundle_version(order) == "two"
    assert "notify" in order.states()


def test_a_fix_that_no_declaration_shows_is_taken_up_too(world: World) -> None:
    """The body of a function is not part of what Airflow stores of a DAG: only the bundle's version has changed."""
    order = failed_order(world)
    deploy(world.rows.engine, intake_dag(), bundle_version="one")
    pin(world.rows.engine, INTAKE, order.run_id)
    deploy(world.rows.engine, intake_dag(), bundle_version="two")

    (code, _) = world.backend.plan_resume(order.workflow_id, code=Code.LATEST).code
    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, code=Code.LATEST))

    assert (code.own.bundle_version, code.latest and code.latest.bundle_version) == ("one", "two")
    assert code.changed_tasks == []
    assert _bundle_version(order) == "two"


def test_a_run_that_still_runs_gets_the_newest_code_too(world: World) -> None:
    """Its child has failed, and the owner waits for a resume. Airflow's own clear would leave the owner as it is."""
    order = _versioned(world, failed_order(world))
    world.rows.set_run_state(INTAKE, order.run_id, "running")

    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id, code=Code.LATEST))

    assert _bundle_version(order) == "two"
    assert order.states()["notify"] is None


def test_the_plan_names_both_versions_what_will_be_used_and_which_tasks_differ(world: World) -> None:
    order = _versioned(world, failed_order(world))

    same, latest = (world.backend.plan_resume(order.workflow_id, code=code) for code in (Code.SAME, Code.LATEST))

    owner, child = same.code
    assert owner.latest is not None
    assert (owner.dag_id, owner.is_versioned, owner.uses) == (INTAKE, True, Code.SAME)
    assert (owner.own.bundle_version, owner.latest.bundle_version) == ("one", "two")
    assert (owner.own.dag_version or 0) < (owner.latest.dag_version or 0)
    assert owner.changed_tasks == [ChangedTask("notify", TaskChange.ADDED)]
    assert (child.dag_id, child.is_versioned, child.uses) == (FULFILMENT, False, Code.LATEST)
    assert same.new_tasks == [NewTask(INTAKE, order.run_id, "notify", runs=False)]
    assert latest.new_tasks == [NewTask(INTAKE, order.run_id, "notify", runs=True)]
    assert [run.uses for run in latest.code] == [Code.LATEST, Code.LATEST]
    assert any("bundle without versions" in note for note in same.notes)


@pytest.mark.skipif(Version(airflow_version) < Version("3.3"), reason="Airflow 3.2 has no rerun_with_latest_version")
def test_the_dag_decides_where_nobody_asks(world: World) -> None:
    order = _versioned(world, failed_order(world))
    deploy(world.rows.engine, intake_dag(extra_task="notify", rerun_with_latest_version=True), bundle_version="two")

    asked = world.backend.plan_resume(order.workflow_id, code=Code.SAME)
    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id))

    assert asked.code[0].uses is Code.SAME, "a request goes before the DAG"
    assert _bundle_version(order) == "two"


def test_each_attempt_keeps_the_version_of_the_code_that_it_ran(world: World) -> None:
    deploy(world.rows.engine, intake_dag(), bundle_version="one")
    run_id = world.rows.add_run(INTAKE)
    workflow_id = world.start(run_id, dag_id=INTAKE).workflow.id
    first, second = (world.rows.add_task(INTAKE, run_id, task_id) for task_id in ("reserve", "charge"))
    pin(world.rows.engine, INTAKE, run_id)
    world.succeed(world.begin_as(first, "reserve"))
    world.fail(world.begin_as(second, "charge"))
    deploy(world.rows.engine, intake_dag(extra_task="notify"), bundle_version="two")
    second = world.rows.next_try(second)
    pin(world.rows.engine, INTAKE, run_id)
    world.begin_as(second, "charge")

    attempts = {step.name: step.attempts for step in world.backend.get_workflow(workflow_id).steps}

    assert [attempt.bundle_version for attempt in attempts["reserve"]] == ["one"]
    assert [attempt.bundle_version for attempt in attempts["charge"]] == ["one", "two"]
    before, after = (attempt.dag_version_id for attempt in attempts["charge"])
    assert None not in (before, after)
    assert before != after


def _undone(order: Order, code: Code | None = None) -> None:
    order.world.backend.compensate_workflow(CompensateWorkflow(order.workflow_id, code=code))


def test_a_relay_is_cleared_with_the_code_of_its_run(world: World) -> None:
    order = _versioned(world, succeeded_order(world))

    plan = world.backend.plan_compensate(order.workflow_id)
    _undone(order)

    assert [item.obstacle for item in plan.undone] == [None] * len(plan.undone)
    assert (_bundle_version(order), order.states()[RELAY]) == ("one", None)


def test_with_latest_a_relay_runs_the_undo_that_was_mended_and_nothing_else(world: World) -> None:
    order = _versioned(world, succeeded_order(world))

    _undone(order, Code.LATEST)

    assert (_bundle_version(order), order.states()[RELAY]) == ("two", None)
    assert order.states()["notify"] == "skipped", "the run goes on to undo, not to do more"


def test_a_person_who_lets_an_undo_be_tried_again_may_ask_for_the_newest_code(world: World) -> None:
    order = _versioned(world, succeeded_order(world))
    _undone(order)
    _fail_to_undo(order)
    assert world.state(order.workflow_id) is WorkflowState.COMPENSATION_FAILED

    world.backend.decide_compensation(
        DecideCompensation(order.workflow_id, "fulfil", Decision.RETRY, reason="mended", code=Code.LATEST)
    )

    assert _bundle_version(order) == "two"


def test_the_plan_judges_an_undo_by_the_code_in_which_its_relay_will_run(world: World) -> None:
    """The newest code has lost the task that declares the undo; the run's own code still has it."""
    order = succeeded_order(world)
    deploy(world.rows.engine, intake_dag(), bundle_version="one")
    pin(world.rows.engine, INTAKE, order.run_id)
    deploy(world.rows.engine, intake_dag(without="charge"), bundle_version="two")

    own = world.backend.plan_compensate(order.workflow_id)
    latest = world.backend.plan_compensate(order.workflow_id, code=Code.LATEST)

    charge = f"{INTAKE}.charge"
    assert next(item.obstacle for item in own.undone if item.step == charge) is None
    lost = next(item.obstacle for item in latest.undone if item.step == charge)
    assert lost is not None
    assert "no longer has task charge" in lost


@pytest.mark.skipif(Version(airflow_version) < Version("3.3"), reason="Airflow 3.2 has no rerun_with_latest_version")
def test_where_the_dag_asks_for_the_newest_code_an_undo_that_it_has_lost_is_run_by_the_runs_own(world: World) -> None:
    order = succeeded_order(world)
    deploy(world.rows.engine, intake_dag(), bundle_version="one")
    pin(world.rows.engine, INTAKE, order.run_id)
    deploy(world.rows.engine, intake_dag(without="fulfil", rerun_with_latest_version=True), bundle_version="two")

    plan = world.backend.plan_compensate(order.workflow_id)
    _undone(order)

    assert [item.obstacle for item in plan.undone] == [None] * len(plan.undone)
    assert (_bundle_version(order), order.states()[RELAY]) == ("one", None)


def _fail_to_undo(order: Order) -> None:
    """Have the owner's relay, which was cleared, use up the attempts of its undo, and end the run."""
    order.reread()
    world, relay = order.world, order.tasks[RELAY]
    world.rows.set_task_state(relay, "running")
    answer = world.backend.take_turn(TakeTurn(relay, ["complete"]))
    while answer.decision is TurnDecision.COMPENSATE:
        assert answer.work is not None
        world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=False, error="a bug"))
        answer = world.backend.take_turn(TakeTurn(relay, ["complete"]))
    world.rows.set_task_state(relay, "success")
    world.rows.set_run_state(INTAKE, order.run_id, "success")
