"""A database of the version before places, with open workflows, is upgraded and goes on right.

``landed_0006.json`` was written by the code of commit 81c0030 on revision 0006: three workflows of the DAG
``landed_order``, which calls ``landed_mail`` by its step ``tell``. One is held after its ``charge`` has failed; one is
half undone; of one a step is in its second attempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from alembic import command
from sqlalchemy import create_engine

from airflow_wfstate import CompensateWorkflowOperator, StartWorkflowOperator, TriggerWorkflowDagRunOperator
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn, TurnDecision
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.step import BeginDecision, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.steps.attempt_key import STEP, AttemptKey, issue
from tests.support.airflow_rows import AirflowRows
from tests.support.landed import LANDED, load, migrations
from tests.support.postgres import PostgresServer, migrate, sqlalchemy_url
from tests.support.serialized_dags import deploy
from tests.support.world import World

ORDER, MAIL = "landed_order", "landed_mail"


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of each kind with Airflow's tables, and ours upgraded from revision 0006 with the landed rows."""
    home = tmp_path_factory.mktemp("home")
    if request.param == "sqlite":
        found = f"sqlite:///{home / 'airflow.db'}"
        _fill(found, home)
        yield found
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database("landed") as libpq_url:
        _fill(sqlalchemy_url(libpq_url), home)
        yield sqlalchemy_url(libpq_url)


@pytest.fixture
def world(url: str) -> Iterator[World]:
    engine = create_engine(url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


def _fill(url: str, home: Path) -> None:
    migrate(url, home)
    engine = create_engine(url)
    with engine.connect() as connection:
        config = migrations(connection)
        command.downgrade(config, "0006")
        connection.commit()
        load(connection)
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def _workflow(world: World, key: str) -> WorkflowDetail:
    (found,) = world.backend.list_workflows(WorkflowQuery(name="landed", key=key)).workflows
    return world.backend.get_workflow(found.id)


def _mail_run(detail: WorkflowDetail) -> str:
    return next(run.run_id for run in detail.runs if run.dag_id == MAIL)


def _undo(world: World, relay: str) -> list[str]:
    """Let a relay undo until it gets no more work: the steps, and the last decision."""
    told = []
    answer = world.backend.take_turn(TakeTurn(relay, ["breaks"]))
    while answer.work is not None:
        told.append(answer.work.step_name)
        world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
        answer = world.backend.take_turn(TakeTurn(relay, ["breaks"]))
    return [*told, answer.decision.value]


def _next_relay(world: World, dag_id: str, run_id: str) -> str:
    found = world.rows.find_task(dag_id, run_id, "compensate")
    assert found is not None
    return world.rows.next_try(found[0], state="success")


def test_each_step_has_the_place_of_its_run(world: World) -> None:
    for key in ("held", "half undone"):
        detail = _workflow(world, key)
        (tell,) = (step for step in detail.steps if step.name == "tell")
        places = {step.name: step.parent_step_id for step in detail.steps}
        assert places.pop("send") == tell.id
        assert set(places.values()) == {None}


def test_a_plan_for_a_resume_is_made_of_what_was_stored(world: World) -> None:
    with DAG(ORDER, schedule=None) as order:
        start = StartWorkflowOperator(task_id="start", name="landed", key="{{ run_id }}")
        tell = TriggerWorkflowDagRunOperator(task_id="tell", trigger_dag_id=MAIL)
        start >> EmptyOperator(task_id="reserve") >> tell >> EmptyOperator(task_id="charge")
        CompensateWorkflowOperator(task_id="compensate")
    with DAG(MAIL, schedule=None) as mail:
        EmptyOperator(task_id="send")
        CompensateWorkflowOperator(task_id="compensate")
    for dag in (order, mail):
        dag.validate()
        deploy(world.rows.engine, dag)
    detail = _workflow(world, "held")

    plan = world.backend.plan_resume(detail.summary.id)

    assert plan.allowed, plan.refusal
    assert [(task.task_id, task.state) for task in plan.tasks] == [("charge", "failed")]
    assert plan.steps_answering == [f"{ORDER}.reserve", f"{ORDER}.tell", f"{MAIL}.send"]
    assert [step.step for step in plan.steps_to_run] == [f"{ORDER}.charge"]


def test_the_next_attempt_finds_its_step_and_the_steps_of_the_child_answer(world: World) -> None:
    detail = _workflow(world, "held")
    (charge,) = (step for step in detail.steps if step.name == "charge")
    world.rows.count_clear(ORDER, "held")
    task = world.rows.next_try(charge.attempts[0].task_instance_id)

    again = world.begin_as(task, "charge")
    _, sent = world.begin(_mail_run(detail), "send", dag_id=MAIL)

    assert (again.decision, again.step_id, again.attempt, again.round) == (BeginDecision.RUN, charge.id, 2, 1)
    assert again.checkpoints == {"row": Payload.of(3)}
    assert (sent.decision, sent.output) == (BeginDecision.ANSWERED, Payload.of("mail 1"))
    world.succeed(again, "paid")
    assert _workflow(world, "held").progress.done == ["reserve", "tell", f"{MAIL}.send", "charge"]


def test_what_is_left_to_undo_is_undone_in_order(world: World) -> None:
    detail = _workflow(world, "half undone")
    assert detail.summary.state is WorkflowState.COMPENSATING
    plan = world.backend.plan_compensate(detail.summary.id)
    assert [item.step for item in plan.undone] == [f"{MAIL}.send", f"{ORDER}.reserve"]

    assert _undo(world, _next_relay(world, MAIL, _mail_run(detail))) == ["send", TurnDecision.HANDED_OVER.value]
    assert _undo(world, _next_relay(world, ORDER, "half_undone")) == ["reserve", TurnDecision.FINISHED.value]

    after = _workflow(world, "half undone")
    assert after.summary.state is WorkflowState.COMPENSATED
    assert [step.name for step in after.steps if step.state is StepState.COMPENSATED] == ["reserve", "send", "pack"]
    done = [line for line in world.told(after.summary.id) if line.startswith("compensation.done")]
    assert done == [f"compensation.done {step}" for step in (f"{ORDER}.pack", f"{MAIL}.send", f"{ORDER}.reserve")]


def test_an_attempt_that_was_at_work_goes_on_writing(world: World) -> None:
    detail = _workflow(world, "at work")
    (step,) = detail.steps
    task = step.attempts[-1].task_instance_id
    secret = next(row["secret"] for row in LANDED["wfstate_workflow"] if row["id"] == detail.summary.id)
    key = issue(AttemptKey(STEP, detail.summary.id, step.id, 2, 1, task), secret)

    world.backend.save_checkpoint(SaveCheckpoint(key, 1, "row", Payload.of(40)))  # its answer was lost before
    world.backend.save_checkpoint(SaveCheckpoint(key, 2, "row", Payload.of(80)))
    again = world.begin_as(task, "load")
    world.succeed(again, "loaded")

    assert (again.attempt, again.writes_applied, again.attempt_key) == (2, 2, key)
    assert again.checkpoints == {"row": Payload.of(80)}
    assert _workflow(world, "at work").steps[0].output == Payload.of("loaded")
