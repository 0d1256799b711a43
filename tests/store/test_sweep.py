"""The sweep notices what nobody reports, once, and touches nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select, text, update

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.compensation.relay_clear import waiting_relays
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.lease import held
from airflow_wfstate.store.sweeping import flags
from airflow_wfstate.store.sweeping.health import read_health
from airflow_wfstate.store.sweeping.sweep import sweep, sweep_if_due
from airflow_wfstate.store.workflows.change import lock_by_id
from tests.support.saga import Saga
from tests.support.world import World


def _state(world: World, workflow_id: str) -> WorkflowState:
    return world.state(workflow_id)


def _step_state(world: World, workflow_id: str) -> StepState:
    return world.backend.get_workflow(workflow_id).steps[0].state


@pytest.mark.parametrize("end", ["killed on its last try", "cleared away", "deleted"])
def test_an_attempt_whose_task_is_over_becomes_lost(world: World, engine: Engine, end: str) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, _ = world.begin(run_id, "act")
    if end == "killed on its last try":
        world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    else:
        world.rows.delete_task(task)

    sweep(engine)

    assert _step_state(world, workflow_id) is StepState.LOST
    before = world.journal(workflow_id)
    sweep(engine)
    assert world.journal(workflow_id) == before


@pytest.mark.parametrize("task_state", ["running", "deferred", "up_for_reschedule", "queued", "scheduled", None])
def test_no_live_attempt_is_ever_marked(world: World, engine: Engine, task_state: str | None) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, _ = world.begin(run_id, "act")
    world.rows.set_task_state(task, task_state)

    sweep(engine)

    assert _step_state(world, workflow_id) is StepState.RUNNING


def test_a_task_that_has_just_ended_may_still_report(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "act")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=1))

    sweep(engine)
    world.succeed(begun, "finished after all")

    assert _step_state(world, workflow_id) is StepState.SUCCEEDED


def test_a_lost_attempt_that_did_finish_is_recorded(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "act")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    sweep(engine)

    world.succeed(begun, "finished after all")

    assert _step_state(world, workflow_id) is StepState.SUCCEEDED


def test_a_failed_run_without_a_relay_fails_its_workflow(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task = world.rows.add_task("intake", run_id, "act")
    world.fail(world.begin_as(task, "act"), "no power")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    sweep(engine)
    assert _state(world, workflow_id) is WorkflowState.RUNNING
    world.rows.set_run_state("intake", run_id, "failed")

    sweep(engine)

    summary = world.backend.get_workflow(workflow_id).summary
    assert (summary.state, summary.error) == (WorkflowState.FAILED, "Step act failed: no power")


def test_a_failed_guest_decides_nothing(world: World, engine: Engine) -> None:
    key = world.unique("key")
    workflow_id = world.start(key=key).workflow.id
    guest_run = world.rows.add_run("intake")
    world.start(guest_run, key=key)
    world.rows.set_run_state("intake", guest_run, "failed")

    sweep(engine)

    assert _state(world, workflow_id) is WorkflowState.RUNNING


def test_an_implicit_workflow_succeeds_when_its_run_did(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("plain")
    world.step_done(run_id, "load", dag_id="plain", undo="task:load")
    _, answered = world.begin(run_id, "load", dag_id="plain")
    world.rows.set_run_state("plain", run_id, "success")

    sweep(engine)

    detail = world.backend.get_workflow(answered.workflow.id)
    assert detail.summary.state is WorkflowState.SUCCEEDED
    assert detail.steps[0].compensations[0].state.value == "discarded"


def test_an_explicit_workflow_that_was_never_completed_is_not_closed(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.rows.set_run_state("intake", run_id, "success")

    sweep(engine)

    assert _state(world, workflow_id) is WorkflowState.RUNNING


def test_it_gives_the_turn_that_no_relay_asked_for(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.step_done(run_id, "reserve", undo="task:reserve")
    relay = world.rows.add_task("intake", run_id, "compensate", state="skipped")
    world.rows.set_run_state("intake", run_id, "failed")

    sweep(engine)

    assert _state(world, workflow_id) is WorkflowState.COMPENSATING
    assert world.told(workflow_id)[-1] == "turn.given intake.reserve"
    assert world.rows.task_state(relay) == "cleared"


def test_a_relay_that_has_not_run_yet_is_left_to_airflow(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    world.step_done(run_id, "reserve", undo="task:reserve")
    relay = world.rows.add_task("intake", run_id, "compensate", state="scheduled")
    world.rows.set_run_state("intake", run_id, "failed")

    sweep(engine)

    assert relay not in waiting_relays(engine)


def test_policy_hold_is_held(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow.id
    task = world.rows.add_task("intake", run_id, "act")
    world.fail(world.begin_as(task, "act", compensation=CompensationDeclaration("task:act")))
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    world.rows.set_run_state("intake", run_id, "failed")

    sweep(engine)

    assert _state(world, workflow_id) is WorkflowState.FAILED


def test_two_sweeps_at_once_are_one(engine: Engine) -> None:
    with held(engine, "sweep"):
        assert not sweep(engine).swept

    assert sweep(engine).swept


def test_a_flag_that_another_pass_has_set_meanwhile_is_left_as_it_is(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_id = world.start().workflow.id
    with engine.connect() as connection:
        now = connection.execute(select(database_now())).scalar_one()
    monkeypatch.setattr(flags, "_stored", lambda *_: {})  # both have read before either has stored

    for cause in ("one", "two"):
        with engine.begin() as connection:
            found = {workflow_id: Flag(FlagKind.SLOW, cause, now, None, "wait")}
            flags._store(connection, FlagKind.SLOW, flags.BEFORE_ALL_IDS, None, found, now)

    with engine.connect() as connection:
        causes = connection.execute(select(schema.flag.c.cause).where(schema.flag.c.workflow_id == workflow_id))
        assert causes.scalars().all() == ["one"]


def test_turns_between_two_passes_are_given_by_one_process_at_a_time(world: World, engine: Engine) -> None:
    saga = Saga.start(world)
    saga.done("one")
    saga.fail_silently()
    sweep(engine)
    turn = schema.turn.c.workflow_id == saga.workflow_id
    with engine.begin() as connection:
        connection.execute(delete(schema.turn).where(turn))

    def has_turn() -> bool:
        with engine.connect() as connection:
            return connection.execute(select(schema.turn).where(turn)).first() is not None

    with held(engine, "turns", rest=timedelta(seconds=30)):
        sweep_if_due(engine)
        assert not has_turn()
    sweep_if_due(engine)
    assert not has_turn(), "Another process gave them less than turn_interval_seconds ago."

    with engine.begin() as connection:
        connection.execute(update(schema.lease).values(leased_until=database_now()))
    sweep_if_due(engine)
    assert has_turn()


def test_a_cancelled_workflow_is_looked_at_until_its_steps_have_ended(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, _ = world.begin(run_id, "act")
    world.rows.set_task_state(task, "running")
    with engine.begin() as connection:
        change = lock_by_id(connection, workflow_id, actor="test")
        assert change is not None
        change.become(WorkflowState.CANCELLED)
        change.write()
    sweep(engine)
    assert _is_looked_at(engine, workflow_id)

    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    sweep(engine)

    assert _step_state(world, workflow_id) is StepState.LOST
    assert not _is_looked_at(engine, workflow_id)


def _is_looked_at(engine: Engine, workflow_id: str) -> bool:
    """Whether the index by which the sweep finds cancelled workflows contains it."""
    with engine.connect() as connection:
        of_it = select(schema.workflow.c.id).where(schema.workflow.c.id == workflow_id, text(schema.NOT_SETTLED))
        return connection.execute(of_it).first() is not None


def test_it_is_due_only_after_its_interval_and_health_tells_when_it_is_late(engine: Engine) -> None:
    sweep(engine)
    assert not sweep_if_due(engine).swept
    with engine.begin() as connection:
        assert not read_health(connection).sweep_is_late
        earlier = connection.execute(select(database_now())).scalar_one() - timedelta(minutes=4)
        connection.execute(update(schema.sweep).values(finished_at=earlier))
    with engine.connect() as connection:
        assert read_health(connection).sweep_is_late

    assert sweep_if_due(engine).swept
    with engine.connect() as connection:
        assert not read_health(connection).sweep_is_late
