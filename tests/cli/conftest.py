"""A migrated Airflow home on SQLite, the ``airflow`` command, and test workflows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose database has not been migrated."""
    with closing(Home(tmp_path_factory.mktemp("empty_home"))) as home:
        if home.airflow("wfstate", "--help").returncode != 0:
            pytest.fail("airflow does not know the command wfstate: install the wheel (make test does).")
        yield home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, empty_home: Home, migrated_sqlite: Path) -> Iterator[Home]:
    """A home whose database has been migrated."""
    with closing(Home(tmp_path_factory.mktemp("home"))) as home:
        shutil.copy(migrated_sqlite, home.path)
        yield home


@pytest.fixture
def own_home(tmp_path_factory: pytest.TempPathFactory, empty_home: Home, migrated_sqlite: Path) -> Iterator[Home]:
    """A migrated home for a single test."""
    with closing(Home(tmp_path_factory.mktemp("own_home"))) as home:
        shutil.copy(migrated_sqlite, home.path)
        yield home


@pytest.fixture(scope="session")
def engine(home: Home) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{home.path / 'airflow.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def order_id(engine: Engine) -> str:
    """The id of the workflow ``order/007``: one step done, with a checkpoint, and one at its second attempt."""
    rows, store = AirflowRows(engine), DatabaseBackend(engine)
    run_id = rows.add_run("order_intake")
    started = store.start_workflow(
        StartWorkflow(
            rows.add_task("order_intake", run_id, "start"),
            "order",
            "007",
            Payload.of({"order_id": "007"}),
            plan=["reserve_stock", "charge_card", "pack", "ship"],
        )
    )
    reserve = store.begin_step(
        BeginStep(
            rows.add_task("order_intake", run_id, "reserve_stock"),
            "reserve_stock",
            compensation=CompensationDeclaration("task:reserve_stock"),
            relay_task_id="compensate",
        )
    )
    store.save_checkpoint(SaveCheckpoint(reserve.attempt_key, 1, "batch", Payload.of(3)))
    output = Payload.of({"not a number": float("nan"), "lone": "\ud800", "zero": "\x00"})
    store.end_attempt(EndAttempt(reserve.attempt_key, 2, StepState.SUCCEEDED, output=output))
    task = rows.add_task("order_intake", run_id, "charge_card")
    charge = store.begin_step(BeginStep(task, "charge_card"))
    error = "ValueError: no [red]money[/red] :bug:\nsecond line"
    store.end_attempt(EndAttempt(charge.attempt_key, 1, StepState.FAILED, error=error))
    store.begin_step(BeginStep(rows.next_try(task), "charge_card"))
    return started.workflow.id


@pytest.fixture(scope="session")
def invoice_ids(engine: Engine, order_id: str) -> list[str]:
    """The ids of three workflows named ``invoice``, all from the DAG ``billing``, newest first."""
    rows, store = AirflowRows(engine), DatabaseBackend(engine)
    ids = []
    for key in ("1", "2", "3 'x'"):
        task = rows.running_task("billing", "start")
        ids.insert(0, store.start_workflow(StartWorkflow(task, "invoice", key, Payload.of({}))).workflow.id)
    return ids
