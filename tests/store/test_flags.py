"""Each cause of a flag, from Airflow's own tables; and a flag goes away with its cause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from airflow.jobs.job import Job
from airflow.models.dag import DagModel
from airflow.models.pool import Pool
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import Engine, Table, delete, insert, update

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TakeTurn
from airflow_wfstate.domain.messages.step import EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.store.database import schema
from tests.support.world import World

LONG = timedelta(hours=2)


@pytest.fixture
def dag_id(world: World) -> str:
    """A DAG that Airflow knows, with an owner."""
    dag_id = world.unique("shop")
    world.rows.pause_dag(dag_id)
    _set(world.rows.engine, DagModel.__table__, {"dag_id": dag_id}, is_paused=False, owners="ada", max_active_runs=1)
    return dag_id


@pytest.fixture
def run_id(world: World, dag_id: str) -> str:
    """A run of it that has started a workflow."""
    run_id = world.rows.add_run(dag_id)
    world.start(run_id, dag_id=dag_id, key=run_id)
    return run_id


@pytest.fixture
def scheduler(world: World) -> Iterator[None]:
    """A scheduler with a recent heartbeat."""
    table = Job.__table__
    now = datetime.now(timezone.utc)
    with world.rows.engine.begin() as connection:
        job_id = connection.execute(
            insert(table)
            .values(job_type="SchedulerJob", state="running", latest_heartbeat=now, hostname="here", unixname="me")
            .returning(table.c.id)
        ).scalar_one()
    yield
    with world.rows.engine.begin() as connection:
        connection.execute(delete(table).where(table.c.id == job_id))


def _set(engine: Engine, table: Table, where: dict[str, object], **values: object) -> None:
    with engine.begin() as connection:
        changed = connection.execute(
            update(table).where(*(table.c[name] == value for name, value in where.items())).values(**values)
        )
        assert changed.rowcount == 1


def _id_of(world: World, key: str) -> str:
    return world.backend.list_workflows(WorkflowQuery(key=key)).workflows[0].id


def _long_ago(world: World, key: str) -> None:
    """Nothing has changed for a long time."""
    workflow_id = _id_of(world, key)
    _set(world.rows.engine, schema.workflow, {"id": workflow_id}, updated_at=datetime.now(timezone.utc) - LONG)


def _flags(world: World, key: str) -> dict[FlagKind, Flag]:
    """The flags that a sweep sets."""
    world.sweep()
    flags = world.backend.get_workflow(_id_of(world, key)).summary.flags
    listed = world.backend.list_workflows(WorkflowQuery(key=key, stuck=bool(flags))).workflows
    assert [workflow.flags for workflow in listed] == [flags]
    assert world.backend.list_workflows(WorkflowQuery(key=key, stuck=not flags)).workflows == []
    return {flag.kind: flag for flag in flags}


def test_a_workflow_that_goes_on_has_no_flag(world: World, dag_id: str, run_id: str) -> None:
    world.begin(run_id, "charge", dag_id=dag_id)

    assert _flags(world, run_id) == {}


def test_a_paused_dag_is_named_and_unpausing_takes_the_flag_away(world: World, dag_id: str, run_id: str) -> None:
    start_ended(world, run_id)
    world.rows.add_task(dag_id, run_id, "charge", state=None)
    _set(world.rows.engine, DagModel.__table__, {"dag_id": dag_id}, is_paused=True)
    _long_ago(world, run_id)

    flag = _flags(world, run_id)[FlagKind.QUEUED]

    assert "the DAG is paused" in flag.cause
    assert flag.command == f"airflow dags unpause {dag_id}"
    assert flag.owner == "ada"
    assert flag.since < datetime.now(timezone.utc) - timedelta(hours=1)
    assert _flags(world, run_id)[FlagKind.QUEUED] == flag, "asked again, it is the same"
    world.begin(run_id, "pack", dag_id=dag_id)
    assert _flags(world, run_id) == {}


def start_ended(world: World, run_id: str) -> None:
    """The running tasks of the run ended long ago."""
    table = TaskInstance.__table__
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.run_id == run_id)
            .values(state="success", end_date=datetime.now(timezone.utc) - LONG)
        )


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize(
    ("state", "pool", "cause"),
    [
        ("queued", "default_pool", "no worker picks it up"),
        ("scheduled", "closed", "waits for the pool closed, which has 0 slots, none of them free"),
        ("scheduled", "missing", "waits for the pool missing, which does not exist"),
        ("scheduled", "open", "a limit on parallel tasks"),
    ],
)
def test_a_task_that_waits_for_its_turn_is_named(
    world: World, dag_id: str, run_id: str, state: str, pool: str, cause: str
) -> None:
    start_ended(world, run_id)
    task = world.rows.add_task(dag_id, run_id, "charge", state=state)
    ago = datetime.now(timezone.utc) - LONG
    _set(world.rows.engine, TaskInstance.__table__, {"id": _uuid(task)}, pool=pool, scheduled_dttm=ago, queued_dttm=ago)
    with world.rows.engine.begin() as connection:
        connection.execute(delete(Pool.__table__).where(Pool.__table__.c.pool.in_(["closed", "open"])))
        for name, slots in (("closed", 0), ("open", 4)):
            connection.execute(insert(Pool.__table__).values(pool=name, slots=slots, include_deferred=False))
    _long_ago(world, run_id)

    assert cause in _flags(world, run_id)[FlagKind.QUEUED].cause


def _uuid(text: str) -> object:
    from uuid import UUID

    return UUID(text)


def test_without_a_scheduler_that_is_the_cause(world: World, dag_id: str, run_id: str) -> None:
    start_ended(world, run_id)
    world.rows.add_task(dag_id, run_id, "charge", state=None)
    _long_ago(world, run_id)

    assert "no scheduler is alive" in _flags(world, run_id)[FlagKind.QUEUED].cause


@pytest.mark.usefixtures("scheduler")
def test_a_run_that_waits_for_others_of_its_dag_is_named(world: World, dag_id: str, run_id: str) -> None:
    start_ended(world, run_id)
    world.rows.add_task(dag_id, run_id, "charge", state=None)
    world.rows.set_run_state(dag_id, run_id, "queued")
    _long_ago(world, run_id)

    assert "at most 1 run of it" in _flags(world, run_id)[FlagKind.QUEUED].cause


def test_a_task_that_just_begins_to_wait_is_no_cause(world: World, dag_id: str, run_id: str) -> None:
    start_ended(world, run_id)
    task = world.rows.add_task(dag_id, run_id, "charge", state="queued")
    now = datetime.now(timezone.utc)
    _set(world.rows.engine, TaskInstance.__table__, {"id": _uuid(task)}, queued_dttm=now, scheduled_dttm=now)
    _long_ago(world, run_id)

    assert _flags(world, run_id) == {}


def test_a_step_that_takes_longer_than_usual_is_slow_until_a_checkpoint(world: World, dag_id: str, run_id: str) -> None:
    earlier = world.rows.add_run(dag_id)
    usual = world.rows.add_task(dag_id, earlier, "charge", state="success")
    _set(world.rows.engine, TaskInstance.__table__, {"id": _uuid(usual)}, duration=1200.0)
    task = world.rows.add_task(dag_id, run_id, "charge")
    begun = world.begin_as(task, "charge")
    attempt = {"step_id": begun.step_id, "number": 1}
    _set(world.rows.engine, schema.attempt, attempt, started_at=datetime.now(timezone.utc) - timedelta(minutes=50))
    assert _flags(world, run_id) == {}, "three times as long as usual is not over"

    _set(world.rows.engine, schema.attempt, attempt, started_at=datetime.now(timezone.utc) - LONG)
    flag = _flags(world, run_id)[FlagKind.SLOW]
    assert "Step charge has been running without a checkpoint for 2:00:0" in flag.cause
    assert "(it usually takes 0:20:00)" in flag.cause
    assert "never sent a heartbeat" in flag.cause

    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "half", Payload.of(1)))
    assert _flags(world, run_id) == {}


def test_a_child_run_that_is_gone_is_named(world: World, dag_id: str, run_id: str) -> None:
    task = world.rows.add_task(dag_id, run_id, "fulfil")
    begun = world.begin_as(task, "fulfil")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.WAITING))
    world.rows.set_task_state(task, "deferred")
    assert _flags(world, run_id) == {}, "it may be on its way"

    _set(world.rows.engine, schema.run, {"run_id": child}, linked_at=datetime.now(timezone.utc) - LONG)
    flag = _flags(world, run_id)[FlagKind.CHILD_LOST]
    assert f"Step fulfil waits for the run {child} of DAG fulfilment, which does not exist" in flag.cause
    assert flag.owner == "ada"

    world.rows.add_run("fulfilment", child)
    assert _flags(world, run_id) == {}


def test_flags_name_the_item_and_the_place_of_a_step(world: World, dag_id: str, run_id: str) -> None:
    for place, item in (("first", ""), ("second", "7")):
        _, trigger = world.begin(run_id, place, dag_id=dag_id, item_key=item)
        mail = world.child(trigger, "mail")
    _, begun = world.begin(mail, "send", dag_id="mail")
    attempt = {"step_id": begun.step_id, "number": 1}
    _set(world.rows.engine, schema.attempt, attempt, started_at=datetime.now(timezone.utc) - LONG)
    _, gone = world.begin(mail, "print", dag_id="mail", item_key="page 1")
    world.backend.link_child_run(LinkChildRun(gone.attempt_key, 1, "fulfilment", child := world.unique("child")))
    world.backend.end_attempt(EndAttempt(gone.attempt_key, 2, StepState.WAITING))
    _set(world.rows.engine, schema.run, {"run_id": child}, linked_at=datetime.now(timezone.utc) - LONG)

    flags = _flags(world, run_id)

    assert "Step mail[second[7]].send has been running" in flags[FlagKind.SLOW].cause
    assert "Step mail[second[7]].print[page 1] waits" in flags[FlagKind.CHILD_LOST].cause


def test_a_task_that_will_never_run_is_named(world: World, dag_id: str, run_id: str) -> None:
    failed = world.rows.add_task(dag_id, run_id, "charge")
    world.rows.set_task_state(failed, "failed", ended_ago=LONG)
    world.rows.add_task(dag_id, run_id, "ship", state="upstream_failed")
    world.rows.add_task(dag_id, run_id, "other")

    flag = _flags(world, run_id)[FlagKind.UPSTREAM_FAILED]

    assert f"Task ship of run {run_id} of DAG {dag_id} will never run: its upstream task charge failed." == flag.cause


def test_a_task_that_will_never_run_of_a_paused_dag_names_the_pause(world: World, dag_id: str, run_id: str) -> None:
    world.rows.set_task_state(world.rows.add_task(dag_id, run_id, "charge"), "failed", ended_ago=LONG)
    world.rows.add_task(dag_id, run_id, "ship", state="upstream_failed")
    _set(world.rows.engine, DagModel.__table__, {"dag_id": dag_id}, is_paused=True)

    flag = _flags(world, run_id)[FlagKind.UPSTREAM_FAILED]

    assert flag.cause.endswith("failed. The DAG is paused, so that the run neither ends nor undoes anything.")
    assert flag.command == f"airflow dags unpause {dag_id}"


def test_a_failed_workflow_is_held_until_it_is_resumed(world: World, dag_id: str) -> None:
    run_id = world.rows.add_run(dag_id)
    world.start(run_id, dag_id=dag_id, key=run_id, on_failure=FailurePolicy.HOLD)
    task, begun = world.begin(run_id, "charge", dag_id=dag_id)
    world.fail(begun, "no money")
    world.rows.set_task_state(task, "failed", ended_ago=LONG)
    world.rows.set_run_state(dag_id, run_id, "failed")

    flag = _flags(world, run_id)[FlagKind.HELD]

    assert flag.cause == "It failed: Step charge failed: no money; its policy on failure is to hold."
    assert flag.command == f"airflow wfstate resume {_id_of(world, run_id)}"


def test_a_workflow_whose_runs_ended_well_and_that_nobody_completed_is_named(
    world: World, dag_id: str, run_id: str
) -> None:
    start_ended(world, run_id)
    world.rows.set_run_state(dag_id, run_id, "success")

    flag = _flags(world, run_id)[FlagKind.NOT_COMPLETED]

    assert "none of them completed it" in flag.cause
    assert "that of a guest, such as a run that an asset started, completes nothing" in flag.cause
    assert flag.command == f"airflow wfstate cancel {_id_of(world, run_id)}"


def test_a_step_that_was_skipped_is_not_counted_among_the_undos(world: World, dag_id: str, run_id: str) -> None:
    for name, state in (("pay", StepState.SUCCEEDED), ("mail", StepState.SKIPPED)):
        task, begun = world.begin(run_id, name, dag_id=dag_id, compensation=CompensationDeclaration(f"task:{name}"))
        if state is StepState.SUCCEEDED:
            world.succeed(begun, 1)
        else:
            world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, state))
        world.rows.set_task_state(task, "success" if state is StepState.SUCCEEDED else "skipped", ended_ago=LONG)
    start_ended(world, run_id)
    world.rows.set_run_state(dag_id, run_id, "success")

    cause = _flags(world, run_id)[FlagKind.NOT_COMPLETED].cause

    assert f"'compensate' undoes {dag_id}.pay; 'cancel' ends it, and discards these undos (1)." in cause


def test_a_turn_that_is_not_taken_is_named(world: World, dag_id: str, run_id: str) -> None:
    task, begun = world.begin(run_id, "charge", dag_id=dag_id, compensation=CompensationDeclaration("task:charge"))
    world.succeed(begun, 1)
    world.rows.set_task_state(task, "success", ended_ago=LONG)
    failed = world.rows.add_task(dag_id, run_id, "ship")
    world.fail(world.begin_as(failed, "ship"), "no truck")
    world.rows.set_task_state(failed, "failed", ended_ago=LONG)
    world.rows.set_run_state(dag_id, run_id, "failed")
    start_ended_but(world, run_id, failed)
    relay = world.rows.add_task(dag_id, run_id, "compensate")
    world.backend.take_turn(TakeTurn(relay, ["ship"]))
    world.rows.set_task_state(relay, None)
    _set(world.rows.engine, DagModel.__table__, {"dag_id": dag_id}, is_paused=True)
    workflow_id = _id_of(world, run_id)
    world.sweep()
    given_at = datetime.now(timezone.utc) - timedelta(seconds=90)
    _set(world.rows.engine, schema.turn, {"workflow_id": workflow_id}, given_at=given_at)

    flag = _flags(world, run_id)[FlagKind.TURN_NOT_TAKEN]

    assert "has the turn to compensate but does not take it: the DAG is paused" in flag.cause
    assert flag.command == f"airflow dags unpause {dag_id}"


def start_ended_but(world: World, run_id: str, failed: str) -> None:
    """Every task has ended, one of them as failed."""
    start_ended(world, run_id)
    world.rows.set_task_state(failed, "failed", ended_ago=LONG)


def test_more_workflows_than_a_batch_are_all_flagged(
    world: World, dag_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_wfstate.store.sweeping.flags._BATCH", 2)
    keys = []
    for _ in range(5):
        run_id = world.rows.add_run(dag_id)
        keys.append(run_id)
        world.start(run_id, dag_id=dag_id, key=run_id)
        start_ended(world, run_id)
        world.rows.set_run_state(dag_id, run_id, "success")

    assert [list(_flags(world, key)) for key in keys] == [[FlagKind.NOT_COMPLETED]] * 5
    for key in keys[:4]:
        world.rows.set_run_state(dag_id, key, "running")
    assert [list(_flags(world, key)) for key in keys] == [[], [], [], [], [FlagKind.NOT_COMPLETED]]
