"""``stuck`` names the earlier run that a task waits for, and the task's option that makes it wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from airflow.jobs.job import Job
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from sqlalchemy import create_engine, delete, insert, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.store.database import schema
from tests.support.airflow_rows import AirflowRows
from tests.support.serialized_dags import deploy
from tests.support.world import World

LONG_AGO = datetime.now(timezone.utc) - timedelta(hours=2)
FIRST_DAY = datetime(2026, 11, 20, tzinfo=timezone.utc)


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    engine = create_engine(request.getfixturevalue(request.param))
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.fixture
def scheduler(world: World) -> Iterator[None]:
    """A scheduler with a recent heartbeat."""
    beat = {"latest_heartbeat": datetime.now(timezone.utc), "hostname": "here", "unixname": "me"}
    with world.rows.engine.begin() as connection:
        added = insert(Job.__table__).values(job_type="SchedulerJob", state="running", **beat)
        job_id = connection.execute(added.returning(Job.__table__.c.id)).scalar_one()
    yield
    with world.rows.engine.begin() as connection:
        connection.execute(delete(Job.__table__).where(Job.__table__.c.id == job_id))


def _dag(world: World, *, catchup: bool, **options: bool) -> DAG:
    with DAG(world.unique("daily"), schedule="@daily", start_date=FIRST_DAY, catchup=catchup) as dag:
        load = EmptyOperator(task_id="load", depends_on_past=True, **options)
        EmptyOperator(task_id="start") >> load >> EmptyOperator(task_id="mail")
    return dag


def _run(world: World, dag: DAG, day: int, **states: str | None) -> str:
    """A scheduled run of a day, whose tasks have long been in these states."""
    run_id = world.rows.add_run(dag.dag_id, world.unique(f"day-{day}"))
    for task_id, state in states.items():
        world.rows.add_task(dag.dag_id, run_id, task_id, state=state)
    date = FIRST_DAY + timedelta(days=day)
    runs, tasks = DagRun.__table__, TaskInstance.__table__
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(runs).where(runs.c.run_id == run_id).values(logical_date=date, run_after=date, run_type="scheduled")
        )
        connection.execute(update(tasks).where(tasks.c.run_id == run_id).values(end_date=LONG_AGO))
    return run_id


def _stuck(world: World, dag: DAG, run_id: str) -> tuple[str, str]:
    """Cause and command of the flag on the workflow that the run started and that makes no progress."""
    workflow_id = world.start(run_id, dag_id=dag.dag_id, key=run_id).workflow.id
    table, tasks = schema.workflow, TaskInstance.__table__
    with world.rows.engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == workflow_id).values(updated_at=LONG_AGO))
        started = (tasks.c.run_id == run_id) & (tasks.c.state == "running")
        connection.execute(update(tasks).where(started).values(state="success", end_date=LONG_AGO))
    world.sweep()
    (flag,) = world.backend.list_workflows(WorkflowQuery(key=run_id)).workflows[0].flags
    return flag.cause, flag.command


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize("catchup", [True, False])
@pytest.mark.parametrize(
    ("options", "yesterday", "told"),
    [
        ({}, {"load": "failed"}, "it has depends_on_past, and task load of that run is failed."),
        ({}, {"load": None}, "it has depends_on_past, and task load of that run has not run."),
        (
            {"wait_for_downstream": True},
            {"load": "success", "mail": "failed"},
            "it has wait_for_downstream, and task mail of that run is failed.",
        ),
    ],
)
def test_the_earlier_run_is_named(
    world: World, catchup: bool, options: dict[str, bool], yesterday: dict[str, str | None], told: str
) -> None:
    dag = _dag(world, catchup=catchup, **options)
    deploy(world.rows.engine, dag)
    _run(world, dag, 0, start="success", load="success", mail="success")
    earlier = _run(world, dag, 1, start="success", **yesterday)
    run_id = _run(world, dag, 2, load=None, mail=None)

    cause, command = _stuck(world, dag, run_id)

    assert cause == f"Task load of run {run_id} of DAG {dag.dag_id} waits for the earlier run {earlier}: {told}"
    assert command == f"airflow tasks states-for-dag-run {dag.dag_id} {earlier}"


@pytest.mark.usefixtures("scheduler")
def test_a_run_whose_past_is_well_waits_for_something_else(world: World) -> None:
    dag = _dag(world, catchup=True)
    deploy(world.rows.engine, dag)
    _run(world, dag, 1, start="success", load="success", mail="failed")

    cause, _ = _stuck(world, dag, _run(world, dag, 2, load=None, mail=None))

    assert "none of its tasks was scheduled" in cause
