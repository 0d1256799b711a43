"""StartWorkflowOperator on a key that is taken waits, deferred, and then starts, or fails with the reason."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.start_workflow import StartWorkflowOperator
from airflow_wfstate.operators.steps.waiting import ASK_AGAIN
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(migrated_sqlite_url, monkeypatch):
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(
        "airflow_wfstate.operators.start_workflow.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: backend),
    )
    yield World(backend, AirflowRows(engine))
    engine.dispose()


@pytest.fixture
def earlier(world):
    """A running workflow with a step that can be undone: its key, its id and its relay's task instance."""
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    workflow_id = world.start(run_id, key=key, input={"amount": 1}, participants=["intake"]).workflow.id
    world.step_done(run_id, "reserve", undo="task:reserve")
    return key, workflow_id, world.rows.add_task("intake", run_id, "compensate")


def _start(world, key, if_exists, amount=1):
    """The operator, and the context of a task instance in its own run."""
    operator = StartWorkflowOperator(
        task_id="start", name="order", key=key, input={"amount": amount}, if_exists=if_exists, participants=["intake"]
    )
    task_instance_id = world.rows.running_task("intake", "start")
    context: Any = {"ti": SimpleNamespace(id=uuid.UUID(task_instance_id), xcom_push=lambda key, value: None)}
    return operator, context


def _undo(world, relay, error=None):
    turn = world.backend.take_turn(TakeTurn(relay, []))
    while turn.work is not None:
        world.backend.end_compensation(EndCompensation(turn.work.compensation_key, error is None, error))
        turn = world.backend.take_turn(TakeTurn(relay, []))


def test_terminate_waits_for_the_compensation_and_then_starts_anew(world, earlier):
    key, workflow_id, relay = earlier
    operator, context = _start(world, key, "terminate", amount=2)
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context)
    with pytest.raises(TaskDeferred) as still_waiting:
        operator.resume_execution(waiting.value.method_name, {**waiting.value.kwargs, "event": None}, context)
    assert still_waiting.value.method_name == ASK_AGAIN
    assert still_waiting.value.kwargs == waiting.value.kwargs  # the wait began only once
    _undo(world, relay)

    started = operator.resume_execution(ASK_AGAIN, {**waiting.value.kwargs, "event": None}, context)

    assert (started["generation"], started["role"], started["state"]) == (2, "owner", "running")
    assert started["workflow_id"] != workflow_id


@pytest.mark.parametrize("if_exists", ["attach", "reject"])
def test_a_key_that_is_being_compensated_is_waited_for(world, earlier, if_exists):
    key, _, relay = earlier
    with pytest.raises(TaskDeferred):
        _start(world, key, "terminate")[0].execute(_start(world, key, "terminate")[1])
    operator, context = _start(world, key, if_exists)
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context)
    _undo(world, relay)

    started = operator.resume_execution(ASK_AGAIN, {**waiting.value.kwargs, "event": None}, context)

    assert (started["generation"], started["role"]) == (2, "owner")


def test_a_compensation_that_fails_ends_the_wait_with_the_reason(world, earlier):
    key, _, relay = earlier
    operator, context = _start(world, key, "terminate")
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context)
    for _ in range(3):
        _undo(world, relay, "the warehouse is closed")

    with pytest.raises(AirflowFailException, match="the warehouse is closed"):
        operator.resume_execution(ASK_AGAIN, {**waiting.value.kwargs, "event": None}, context)


def test_the_wait_is_limited(world, earlier, monkeypatch):
    monkeypatch.setattr("airflow_wfstate.conf.busy_timeout", lambda: timedelta(0))
    operator, context = _start(world, earlier[0], "terminate")

    with pytest.raises(AirflowFailException, match=r"is being compensated; waited since .*busy_timeout_seconds"):
        operator.execute(context)


def test_a_refusal_fails_without_a_retry(world, earlier):
    for if_exists, amount, reason in (("reject", 1, "is already running"), ("attach", 2, "was started with input")):
        operator, context = _start(world, earlier[0], if_exists, amount)
        with pytest.raises(AirflowFailException, match=reason):
            operator.execute(context)


def test_a_run_that_takes_part_as_a_guest_says_so_in_its_log(world, earlier, capsys):
    """A backfill whose runs share one key succeeds in each run, and does the steps once."""
    operator, context = _start(world, earlier[0], "attach")

    assert operator.execute(context)["role"] == "guest"

    assert "this run joins it as a guest: finished steps return" in "".join(capsys.readouterr())


def test_a_run_that_starts_again_with_another_input_is_told_the_names_of_what_differs(world, capsys):
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    world.start(run_id, key=key, input={"amount": 1, "until": "noon"})
    operator = StartWorkflowOperator(
        task_id="start", name="order", key=key, input={"amount": 4711, "until": "noon", "new": "s3cr3t"}
    )
    context: Any = {
        "ti": SimpleNamespace(
            id=uuid.UUID(world.rows.add_task("intake", run_id, "start")), xcom_push=lambda key, value: None
        )
    }

    started = operator.execute(context)
    log = "".join(capsys.readouterr())

    assert (started["key"], started["role"]) == (key, "owner")
    assert "They differ in: amount, new." in log
    assert "4711" not in log
    assert "s3cr3t" not in log


def test_a_worker_on_the_postgres_way_cannot_terminate(world, earlier, monkeypatch):
    worker = DatabaseBackend(world.backend.engine, is_server=False)
    monkeypatch.setattr(
        "airflow_wfstate.operators.start_workflow.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: worker),
    )
    operator, context = _start(world, earlier[0], "terminate")

    with pytest.raises(AirflowFailException, match="Use a connection of type wfstate, or none"):
        operator.execute(context)
    assert world.state(earlier[1]).value == "running"


def test_another_wish_is_an_import_error():
    with pytest.raises(InvalidDag, match="attach, reject, terminate"):
        StartWorkflowOperator(task_id="start", name="order", key="1", if_exists="replace")


@pytest.mark.parametrize(
    ("deadline", "at"),
    [
        ("{{ at }}", datetime(2031, 5, 1, 12, tzinfo=timezone.utc)),
        ("{{ at.isoformat() }}", datetime(2031, 5, 1, 12, tzinfo=timezone.utc)),
        (datetime(2031, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2031, 5, 1, 10, tzinfo=timezone.utc)),
        ("{{ hours }}", timedelta(hours=4)),
        (timedelta(days=2), timedelta(days=2)),
    ],
)
@pytest.mark.parametrize("native", [False, True])
def test_a_deadline_may_be_rendered_and_may_be_a_moment(world, deadline, at, native):
    with DAG("intake", schedule=None, render_template_as_native_obj=native):
        operator = StartWorkflowOperator(
            task_id="start", name="order", key=world.unique("key"), input={}, deadline=deadline
        )
    ti = SimpleNamespace(
        id=uuid.UUID(world.rows.running_task("intake", "start")), xcom_push=lambda key, value: None, map_index=-1
    )
    context: Any = {"ti": ti, "at": datetime(2031, 5, 1, 12, tzinfo=timezone.utc), "hours": "PT4H"}
    operator.render_template_fields(context)

    started = operator.execute(context)

    summary = world.backend.get_workflow(started["workflow_id"]).summary
    assert summary.deadline_at == (summary.started_at + at if isinstance(at, timedelta) else at)


def test_a_deadline_that_renders_to_none_fails_the_start_and_names_what_it_may_be(world):
    operator = StartWorkflowOperator(task_id="start", name="order", key=world.unique("key"), deadline="{{ x }}")
    operator.deadline = "soon"  # as rendered
    with pytest.raises(AirflowFailException, match=r"The deadline is 'soon'.* ISO 8601 duration"):
        operator.execute({"ti": SimpleNamespace(id=uuid.uuid4()), "params": {}})


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("deadline", "complaint"),
    [
        ("{{ '' }}", "The deadline is empty. For no deadline, leave it out"),
        ("  {{ '' }} ", "The deadline is empty"),
        ("{{ none }}", "The deadline is 'None'"),
    ],
)
def test_a_deadline_that_renders_to_nothing_is_refused_and_not_taken_for_none(world, native, deadline, complaint):
    with DAG("intake", schedule=None, render_template_as_native_obj=native):
        operator = StartWorkflowOperator(
            task_id="start", name="order", key=world.unique("key"), deadline=deadline, on_deadline="compensate"
        )
    context: Any = {"ti": SimpleNamespace(id=uuid.uuid4()), "params": {}}
    operator.render_template_fields(context)

    with pytest.raises(AirflowFailException, match=complaint):
        operator.execute(context)


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (float("nan"), "a number that is not finite"),
        (float("inf"), "a number that is not finite"),
        (2**64, "an integer of more than 64 bits"),
        (-(2**63) - 1, "an integer of more than 64 bits"),
    ],
)
def test_a_literal_that_airflow_cannot_keep_in_a_dag_is_an_import_error(number, what):
    with pytest.raises(InvalidDag, match=f"start: its input has {what}"):
        StartWorkflowOperator(task_id="start", name="order", key="1", input={"items": [{"price": number}]})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"plan": "ship"}, "plan is a string, 'ship'"),
        ({"participants": "ship"}, "participants is a string, 'ship'"),
        ({"plan": ["ship", "ship"]}, "names 'ship' twice"),
        ({"plan": [f"s{number}" for number in range(1001)]}, "at most 1000"),
        ({"labels": {"region": None}}, "The label region is None"),
        ({"labels": "{{ params.labels }}"}, "labels is"),
    ],
)
def test_what_would_be_refused_at_every_run_is_an_import_error(options, complaint):
    with pytest.raises(InvalidDag, match=complaint):
        StartWorkflowOperator(task_id="start", name="order", key="1", **options)
