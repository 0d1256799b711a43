"""What a resume reads from Airflow's own tables: branches, setups, versions; and who may not request one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Unfinished
from datetime import timedelta

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import AccessDenied
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.serialized_dags import deploy
from tests.support.shop import failed_order
from tests.support.world import World

_DAG = "shop_shapes"


def _failed_run(world: World, dag: DAG, states: dict[str, str]) -> str:
    """A run of the DAG that failed with these task states, and its workflow, whose id is returned."""
    deploy(world.rows.engine, dag)
    run_id = world.rows.add_run(dag.dag_id)
    workflow_id = world.start(run_id, dag_id=dag.dag_id, on_failure=FailurePolicy.HOLD).workflow.id
    for task_id, state in states.items():
        world.rows.add_task(dag.dag_id, run_id, task_id, state=state)
    world.rows.set_run_state(dag.dag_id, run_id, "failed")
    sweep(world.rows.engine)
    assert world.state(workflow_id) is WorkflowState.FAILED
    return workflow_id


def _cleared(world: World, workflow_id: str) -> set[str]:
    return {task.task_id for task in world.backend.plan_resume(workflow_id).tasks}


def test_the_branch_that_was_not_taken_is_not_cleared(world: World) -> None:
    with DAG(_DAG, schedule=None) as dag:
        branch, left, right = (EmptyOperator(task_id=task_id) for task_id in ("branch", "left", "right"))
        branch >> [left, right]
    states = {"branch": "success", "left": "failed", "right": "skipped"}
    workflow_id = _failed_run(world, dag, states)
    assert _cleared(world, workflow_id) == {"left", "right"}, "without a decision the end of the run skipped it"
    (run,) = world.backend.get_workflow(workflow_id).runs
    with Session(world.rows.engine) as session:
        found = session.scalars(select(DagRun).where(DagRun.run_id == run.run_id)).one()
        XComModel.set(
            key="skipmixin_key",
            value={"followed": ["left"]},
            task_id="branch",
            dag_id=_DAG,
            run_id=found.run_id,
            session=session,
        )
        session.commit()

    assert _cleared(world, workflow_id) == {"left"}


def test_the_setup_of_what_runs_again_is_cleared_with_its_teardown(world: World) -> None:
    with DAG(_DAG, schedule=None) as dag:
        cluster = EmptyOperator(task_id="create_cluster").as_setup()
        work = EmptyOperator(task_id="work")
        cluster >> work >> EmptyOperator(task_id="delete_cluster").as_teardown(setups=cluster)
        EmptyOperator(task_id="beside")
    states = {"create_cluster": "success", "work": "failed", "delete_cluster": "success", "beside": "success"}

    assert _cleared(world, _failed_run(world, dag, states)) == {"create_cluster", "work", "delete_cluster"}


def test_a_task_that_the_dag_has_lost_is_not_cleared(world: World) -> None:
    with DAG(_DAG, schedule=None) as dag:
        EmptyOperator(task_id="kept")

    workflow_id = _failed_run(world, dag, {"kept": "failed", "lost": "failed"})

    assert _cleared(world, workflow_id) == {"kept"}


def test_a_failed_run_with_nothing_to_clear_is_judged_anew(world: World) -> None:
    """As if somebody had marked each of its tasks as success, and the DAG had no relay."""
    with DAG(_DAG, schedule=None) as dag:
        EmptyOperator(task_id="work")
    workflow_id = _failed_run(world, dag, {"work": "success"})

    resumed = world.backend.resume_workflow(ResumeWorkflow(workflow_id))

    assert (resumed.changed, resumed.cleared_tasks, resumed.cleared_relays) == (True, 0, 0)
    assert [run.state for run in world.backend.get_workflow(workflow_id).runs] == ["running"]


def test_a_workflow_that_a_step_started_is_resumed_too(world: World, engine: Engine) -> None:
    with DAG(_DAG, schedule=None) as dag:
        EmptyOperator(task_id="load")
    deploy(engine, dag)
    run_id = world.rows.add_run(_DAG)
    task = world.rows.add_task(_DAG, run_id, "load")
    begun = world.begin_as(task, "load")
    world.fail(begun)
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    world.rows.set_run_state(_DAG, run_id, "failed")
    sweep(engine)

    resumed = world.backend.resume_workflow(ResumeWorkflow(begun.workflow.id))

    assert (resumed.workflow.state, resumed.cleared_tasks) == (WorkflowState.RUNNING, 1)
    assert world.rows.task_state(task) == "cleared"


def test_the_run_of_a_workflow_that_a_step_started_is_created_by_hand(world: World, engine: Engine) -> None:
    """Nothing of its conf is stored."""
    with DAG(_DAG, schedule=None) as dag:
        EmptyOperator(task_id="load")
    deploy(engine, dag)
    run_id = world.rows.add_run(_DAG)
    task = world.rows.add_task(_DAG, run_id, "load")
    workflow_id = world.begin_as(task, "load").workflow.id
    world.rows.delete_task(task)
    with engine.begin() as connection:
        connection.execute(delete(DagRun.__table__).where(DagRun.__table__.c.run_id == run_id))

    refusal = world.backend.plan_resume(workflow_id).refusal

    assert refusal is not None
    assert f"airflow dags trigger {_DAG} --run-id {run_id} --conf" in refusal.remedy


def test_a_deadline_that_has_passed_is_mentioned(world: World, engine: Engine) -> None:
    order = failed_order(world)
    with engine.begin() as connection:
        earlier = connection.execute(select(database_now())).scalar_one() - timedelta(hours=1)
        connection.execute(
            update(schema.workflow).where(schema.workflow.c.id == order.workflow_id).values(deadline_at=earlier)
        )

    (note,) = world.backend.plan_resume(order.workflow_id).notes

    assert note.startswith("Its deadline passed at ")


def test_a_resume_waits_for_the_scheduler_and_sees_what_it_wrote(world: World, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time: nobody can be at a run meanwhile.")
    order = failed_order(world)
    run = DagRun.__table__
    with engine.connect() as scheduler, ThreadPoolExecutor(1) as pool:
        scheduler.execute(select(run.c.id).where(run.c.run_id == order.child_run).with_for_update())
        resumed = pool.submit(world.backend.resume_workflow, ResumeWorkflow(order.workflow_id))
        with pytest.raises(Unfinished):
            resumed.result(timeout=1)
        scheduler.execute(update(run).where(run.c.run_id == order.child_run).values(state="success"))
        scheduler.commit()

        assert resumed.result(timeout=60).cleared_tasks == 2, "those of the owner's run alone"
    assert order.run_states() == ["running", "success"]


def test_a_worker_at_the_tables_may_not_change_runs(world: World, engine: Engine) -> None:
    order = failed_order(world)
    worker = DatabaseBackend(engine, is_server=False)

    with pytest.raises(AccessDenied, match="may not change runs"):
        worker.plan_resume(order.workflow_id)
    with pytest.raises(AccessDenied):
        worker.resume_workflow(ResumeWorkflow(order.workflow_id))

    assert order.run_states() == ["failed", "failed"]


def test_the_sweep_leaves_what_was_resumed_alone(world: World, engine: Engine) -> None:
    order = failed_order(world)
    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id))

    sweep(engine)

    assert world.state(order.workflow_id) is WorkflowState.RUNNING
