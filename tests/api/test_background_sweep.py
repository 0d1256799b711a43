"""The api-server continues a compensation even when it receives no more requests."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import create_engine

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import running_api_server
from tests.support.postgres import PostgresServer, sqlalchemy_url
from tests.support.saga import Saga
from tests.support.world import World


def test_a_relay_whose_run_ends_later_is_set_going(api_backend: ApiBackend, api_database_url: str) -> None:
    engine = create_engine(api_database_url)
    world = World(api_backend, AirflowRows(engine))
    saga = Saga.start(world)
    saga.done("one")
    api_backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))  # the last request

    world.rows.set_task_state(saga.relay, "success")
    world.rows.set_run_state("intake", saga.run_id, "failed")

    _wait_until_set_going(world, saga)
    engine.dispose()


def test_a_server_sweeps_from_its_start_although_nobody_asks_it(
    postgres_server: PostgresServer, migrated_postgres: str, tmp_path: Path
) -> None:
    """Api-servers that restart between a relay's last request and the next pass: nothing else would set it going."""
    with postgres_server.database("restarted", migrated_postgres) as url:
        engine = create_engine(sqlalchemy_url(url))
        world = World(DatabaseBackend(engine), AirflowRows(engine))
        saga = Saga.start(world)
        saga.done("one")
        world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
        world.rows.set_task_state(saga.relay, "success")
        world.rows.set_run_state("intake", saga.run_id, "failed")

        with running_api_server(sqlalchemy_url(url), tmp_path / "server"):
            _wait_until_set_going(world, saga)
        engine.dispose()


def test_whatever_is_asked_has_the_sweep_made() -> None:
    """Of the page, too: only its own file, and what a stranger sends with a token, come without a look at the clock."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Airflow and what it needs
        from airflow_wfstate.api.app import create_app

    silent = {
        route.path
        for route in create_app().routes
        if isinstance(route, APIRoute) and "_admit" not in _names(route.dependant)
    }

    assert silent <= {"/ui/static/main.umd.cjs", "/v1/tokens/{token}"}


def _wait_until_set_going(world: World, saga: Saga) -> None:
    deadline = time.monotonic() + 60
    while world.rows.find_task("intake", saga.run_id, "compensate") == (saga.relay, "success"):
        assert time.monotonic() < deadline, "The relay was not set going."
        time.sleep(0.2)


def _names(dependant: Dependant) -> Iterator[str]:
    yield getattr(dependant.call, "__name__", "")
    for each in dependant.dependencies:
        yield from _names(each)
