"""A run that was marked as failed: Airflow ends it as a success, and only its audit table shows the mark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from airflow.models.log import Log
from sqlalchemy import Engine, create_engine, insert, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import Saga
from tests.support.world import World


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    engine = create_engine(request.getfixturevalue(request.param))
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.fixture
def saga(world: World) -> Saga:
    """The step is done; Airflow has skipped the rest of the run and ended it as a success."""
    saga = Saga.start(world)
    saga.done("charge")
    world.rows.add_task("intake", saga.run_id, "pack", state="skipped")
    world.rows.set_task_state(saga.relay, "success")
    world.rows.set_run_state("intake", saga.run_id, "success")
    return saga


def _audit(engine: Engine, saga: Saga, event: str, extra: dict[str, object], *, whole: bool = True) -> None:
    values = {"dag_id": "intake", "run_id": saga.run_id if whole else None, "extra": json.dumps(extra)}
    with engine.begin() as connection:
        connection.execute(
            insert(Log.__table__).values(dttm=datetime.now(timezone.utc), event=event, owner="ann", **values)
        )


def _mark(engine: Engine, saga: Saga, state: str) -> None:
    _audit(engine, saga, "patch_dag_run", {"state": state, "method": "PATCH"})


def _mark_in_bulk(engine: Engine, saga: Saga, state: str, *, action: str = "update") -> None:
    other = {"dag_run_id": "another", "dag_id": "intake", "state": "success"}
    this = {"dag_run_id": saga.run_id, "state": state}
    extra = {"actions": [{"action": action, "entities": [this, other]}], "method": "PATCH"}
    _audit(engine, saga, "bulk_dag_runs", dict(extra), whole=False)


def test_it_is_undone_and_the_error_names_the_person(saga: Saga) -> None:
    _mark(saga.world.rows.engine, saga, "failed")

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.COMPENSATING
    assert saga.detail().summary.error == f"Run {saga.run_id} of DAG intake was marked as failed by ann."
    assert saga.undo(saga.ask()) == ["charge"]
    assert saga.detail().summary.state is WorkflowState.COMPENSATED


def test_of_many_runs_at_once_too(saga: Saga) -> None:
    _mark_in_bulk(saga.world.rows.engine, saga, "failed")

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.COMPENSATING


def test_nothing_happens_while_the_run_is_not_over(saga: Saga) -> None:
    _mark(saga.world.rows.engine, saga, "failed")
    saga.world.rows.set_run_state("intake", saga.run_id, "running")

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.RUNNING


@pytest.mark.parametrize("later", ["marked well", "cleared", "its task cleared", "marked well in bulk"])
def test_what_a_person_did_later_counts(saga: Saga, later: str) -> None:
    engine = saga.world.rows.engine
    _mark(engine, saga, "failed")
    if later == "marked well":
        _mark(engine, saga, "success")
    elif later == "cleared":
        _audit(engine, saga, "clear_dag_run", {"dry_run": False})
    elif later == "its task cleared":
        _audit(engine, saga, "post_clear_task_instances", {"dry_run": False})
    else:
        _mark_in_bulk(engine, saga, "success")

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.RUNNING


@pytest.mark.parametrize("other", ["a note", "a deletion", "no JSON", "another run"])
def test_other_requests_are_no_mark(saga: Saga, other: str) -> None:
    engine = saga.world.rows.engine
    if other == "a note":
        _audit(engine, saga, "patch_dag_run", {"note": "failed", "method": "PATCH"})
    elif other == "a deletion":
        _mark_in_bulk(engine, saga, "failed", action="delete")
    elif other == "no JSON":
        with engine.begin() as connection:
            connection.execute(
                insert(Log.__table__).values(
                    dttm=datetime.now(timezone.utc),
                    event="patch_dag_run",
                    dag_id="intake",
                    run_id=saga.run_id,
                    extra="failed {",
                )
            )
    else:
        _mark(engine, Saga.start(saga.world), "failed")

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.RUNNING


def test_a_note_after_the_mark_does_not_hide_it(saga: Saga) -> None:
    _mark(saga.world.rows.engine, saga, "failed")
    _audit(saga.world.rows.engine, saga, "patch_dag_run", {"note": "why", "method": "PATCH"})

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.COMPENSATING


def test_a_mark_that_airflow_did_not_carry_out_is_none(world: World) -> None:
    saga = Saga.start(world)
    saga.done("charge")
    world.rows.set_task_state(saga.relay, "success")
    world.rows.set_run_state("intake", saga.run_id, "success")
    _mark(world.rows.engine, saga, "failed")

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.RUNNING
    assert saga.compensations() == {"charge": CompensationState.ARMED}


def test_a_mark_from_before_the_workflow_ran_is_of_the_past(saga: Saga) -> None:
    """A run that was cleared and started again keeps its old audit entries."""
    _mark(saga.world.rows.engine, saga, "failed")
    table = Log.__table__
    with saga.world.rows.engine.begin() as connection:
        long_ago = datetime.now(timezone.utc) - timedelta(hours=1)
        connection.execute(update(table).where(table.c.run_id == saga.run_id).values(dttm=long_ago))

    saga.world.sweep()

    assert saga.detail().summary.state is WorkflowState.RUNNING
