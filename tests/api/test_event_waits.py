"""Who gets the data of an event that a task waited for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.messages.wait import RegisteredWait, RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome
from airflow_wfstate.exceptions import AccessDenied, WorkflowNotFound
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.services import Shop
from tests.support.world import World

CLERKS_DAG = "ledger"
"""The only DAG that the user clerk may read and run (tests/support/per_dag_auth_manager.py)."""


@pytest.fixture
def world(airflow_rows: AirflowRows) -> World:
    return World(DatabaseBackend(airflow_rows.engine), airflow_rows)


@pytest.fixture
def clerk(api_server: ApiServer) -> Iterator[ApiBackend]:
    backend = api_server.backend("clerk")
    yield backend
    backend.close()


def _wait(world: World, clerk: ApiBackend, run_id: str, target: WaitTarget) -> RegisteredWait:
    """Let a task of the clerk's DAG wait, with the clerk's token."""
    task = world.rows.add_task(CLERKS_DAG, run_id, "wait")
    begun = clerk.begin_step(BeginStep(task, "wait"))
    return clerk.register_wait(RegisterWait(task, target, attempt_key=begun.attempt_key))


def test_a_user_gets_it_where_the_own_run_takes_part(world: World, clerk: ApiBackend) -> None:
    shop = Shop(world.backend, on_failure="compensate").apply()
    run_id = world.rows.add_run(CLERKS_DAG)
    world.start(run_id, dag_id=CLERKS_DAG, name=shop.name, key="1")
    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))

    wait = _wait(world, clerk, run_id, WaitTarget(WaitKind.EVENT, "", "", event="captured"))

    assert wait.outcome is WaitOutcome.ARRIVED
    assert wait.output is not None


def test_a_user_does_not_get_it_from_a_workflow_that_is_hidden(world: World, clerk: ApiBackend) -> None:
    shop = Shop(world.backend, on_failure="compensate").apply()
    world.start(world.rows.add_run("orders"), dag_id="orders", name=shop.name, key="1")
    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))
    target = WaitTarget(WaitKind.EVENT, shop.name, "1", event="captured")

    with pytest.raises(WorkflowNotFound):
        _wait(world, clerk, world.rows.add_run(CLERKS_DAG), target)


def test_a_user_does_not_get_it_from_a_workflow_that_has_not_started(world: World, clerk: ApiBackend) -> None:
    shop = Shop(world.backend, on_failure="compensate").apply()
    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))
    target = WaitTarget(WaitKind.EVENT, shop.name, "1", event="captured")

    with pytest.raises(AccessDenied, match="may not read event data"):
        _wait(world, clerk, world.rows.add_run(CLERKS_DAG), target)
