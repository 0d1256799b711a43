"""A compensation that waits too long is on hold, with the cause, and continues when somebody decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import create_engine, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import Saga
from tests.support.world import World

LONG = timedelta(hours=2)


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    engine = create_engine(request.getfixturevalue(request.param))
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


def _let_time_pass(saga: Saga) -> None:
    """As if the workflow had begun to compensate and handed out the turn two hours ago."""
    then = datetime.now(timezone.utc) - LONG
    journal = schema.journal
    with saga.world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.turn).where(schema.turn.c.workflow_id == saga.workflow_id).values(given_at=then)
        )
        connection.execute(
            update(journal)
            .where(journal.c.workflow_id == saga.workflow_id, journal.c.kind == "workflow.compensating")
            .values(at=then)
        )


@dataclass
class Waiting:
    """A workflow that failed and waits for the relay of another run, whose step is to be undone."""

    saga: Saga
    other_run_id: str
    other_relay: str

    def undo_by_the_other(self) -> WorkflowState:
        """Finally run that relay; return the workflow's state afterwards."""
        world = self.saga.world
        world.rows.set_task_state(self.other_relay, "running")
        work = world.backend.take_turn(TakeTurn(self.other_relay, [])).work
        assert work is not None
        world.backend.end_compensation(EndCompensation(work.compensation_key, succeeded=True))
        world.backend.take_turn(TakeTurn(self.other_relay, []))
        return self.saga.detail().summary.state


@pytest.fixture
def waiting(world: World) -> Waiting:
    """The other relay is scheduled, but does not run."""
    saga = Saga.start(world)
    other_run_id = world.rows.add_run("intake")
    world.start(other_run_id, key=saga.detail().summary.key)
    _, begun = world.begin(other_run_id, "charge", compensation=CompensationDeclaration("task:charge"))
    world.succeed(begun, 1)
    with world.rows.engine.begin() as connection:
        tasks = TaskInstance.__table__
        connection.execute(update(tasks).where(tasks.c.run_id == other_run_id).values(state="success"))
    other_relay = world.rows.add_task("intake", other_run_id, "compensate", state="scheduled")
    assert saga.fail().decision is TurnDecision.HANDED_OVER
    return Waiting(saga, other_run_id, other_relay)


def test_a_turn_that_is_not_taken_is_held_and_can_go_on(waiting: Waiting) -> None:
    saga = waiting.saga
    saga.world.sweep()
    assert saga.detail().summary.state is WorkflowState.COMPENSATING

    _let_time_pass(saga)
    saga.world.sweep()

    summary = saga.detail().summary
    assert summary.state is WorkflowState.COMPENSATION_FAILED
    assert summary.hold_reason is not None
    assert "did not take its turn to undo: its relay is scheduled" in summary.hold_reason
    assert [flag.kind for flag in summary.flags] == [FlagKind.HELD]

    saga.world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id, "user:ann", uuid4().hex))
    assert waiting.undo_by_the_other() is WorkflowState.COMPENSATED


def test_a_relay_that_waits_for_other_tasks_of_its_run_is_left_to_airflow(waiting: Waiting) -> None:
    saga = waiting.saga
    saga.world.rows.add_task("intake", waiting.other_run_id, "long_report", state="running")
    _let_time_pass(saga)

    saga.world.sweep()

    summary = saga.detail().summary
    assert summary.state is WorkflowState.COMPENSATING
    assert [flag.kind for flag in summary.flags] == [FlagKind.TURN_NOT_TAKEN]
    assert waiting.undo_by_the_other() is WorkflowState.COMPENSATED


def test_a_relay_that_is_at_work_is_waited_for(world: World) -> None:
    saga = Saga.start(world)
    saga.done("charge")
    saga.fail()
    _let_time_pass(saga)

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.COMPENSATING


def test_a_workflow_that_does_not_come_to_rest_is_held_and_nothing_is_undone(world: World) -> None:
    saga = Saga.start(world)
    saga.done("charge")
    task, at_work = world.begin(saga.run_id, "pack", compensation=CompensationDeclaration("task:pack", max_attempts=1))
    saga.fail()
    world.sweep()
    assert saga.detail().summary.state is WorkflowState.COMPENSATING

    _let_time_pass(saga)
    world.sweep()

    summary = saga.detail().summary
    assert summary.state is WorkflowState.COMPENSATION_FAILED
    assert summary.hold_reason is not None
    assert summary.hold_reason.startswith("It did not come to rest within 3600 seconds: intake.pack is still running")
    assert "compensation.began" not in world.told(saga.workflow_id)

    world.succeed(at_work, 1)
    world.rows.set_task_state(task, "success")
    world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id, "user:ann", uuid4().hex))
    assert saga.undo(saga.ask()) == ["pack", "charge"]
