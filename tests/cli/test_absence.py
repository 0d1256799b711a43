"""What the command line says about a workflow that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.sdk import DAG
from sqlalchemy import Engine, create_engine

from airflow_wfstate import StartWorkflowOperator
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.exceptions import WorkflowNotFound
from tests.support.airflow_rows import AirflowRows
from tests.support.serialized_dags import deploy, set_paused
from tests.support.world import World


@pytest.fixture
def engine(migrated_sqlite_url: str) -> Iterator[Engine]:
    engine = create_engine(migrated_sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(engine))


def _told(world: World, text: str) -> str:
    with pytest.raises(WorkflowNotFound) as missed:
        workflow_id(text, world.backend)
    return str(missed.value)


def _queue(world: World, dag_id: str) -> str:
    """A queued Airflow run, with the task that will start its workflow."""
    run_id = world.rows.add_run(dag_id, state="queued")
    world.rows.add_task(dag_id, run_id, "start", state=None, operator="StartWorkflowOperator")
    return run_id


def test_a_queued_run_of_a_paused_dag_is_named_with_the_remedy(world: World, engine: Engine) -> None:
    name, dag_id = world.unique("order"), world.unique("intake")
    with DAG(dag_id) as dag:
        StartWorkflowOperator(task_id="start", name=name, key="{{ params.key }}")
    deploy(engine, dag)
    set_paused(engine, dag_id)
    run_id = _queue(world, dag_id)

    told = _told(world, f"{name}/1001")

    assert f"There is no workflow '{name}' with the key '1001'." in told
    assert f"1 run of it has not started one yet ({run_id})" in told
    assert f"airflow dags unpause {dag_id}" in told
    assert dag_id not in _told(world, f"{world.unique('other')}/1001"), "it starts workflows of another name"


def test_a_dag_that_started_the_name_before_is_named_with_its_waiting_runs(world: World) -> None:
    name, dag_id = world.unique("order"), world.unique("intake")
    world.start(dag_id=dag_id, name=name)
    idle = _told(world, f"{name}/1001")
    runs = [_queue(world, dag_id) for _ in range(6)]

    told = _told(world, f"{name}/1001")

    assert f"The DAG {dag_id} starts workflows named '{name}', but none of its runs is waiting to start one." in idle
    assert f"6 runs of it have not started one yet ({', '.join(runs[:5])} and 1 more)." in told
    assert "paused" not in told


def test_of_a_name_that_nobody_starts_nothing_is_told(world: World) -> None:
    name = world.unique("nobody")

    assert _told(world, f"{name}/1") == (
        f"There is no workflow '{name}' with the key '1'. List the workflows with: airflow wfstate list"
    )
