"""The contract of the explanation for a missing workflow: the DAGs that start its name."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_wfstate import StartWorkflowOperator
from airflow_wfstate.domain.messages.starting_dag import StartingDag
from tests.support.serialized_dags import deploy, set_paused
from tests.support.world import World


def _queue(world: World, dag_id: str) -> str:
    """Add a queued run, with the task that is to start its workflow."""
    run_id = world.rows.add_run(dag_id, state="queued")
    world.rows.add_task(dag_id, run_id, "start", state=None, operator="StartWorkflowOperator")
    return run_id


def test_a_paused_dag_whose_code_starts_the_name_has_a_queued_run(world: World) -> None:
    name, dag_id = world.unique("order"), world.unique("intake")
    with DAG(dag_id) as dag:
        StartWorkflowOperator(task_id="start", name=name, key="{{ params.key }}")
    deploy(world.rows.engine, dag)
    set_paused(world.rows.engine, dag_id)
    run_id = _queue(world, dag_id)

    assert world.backend.list_starting_dags(name) == [
        StartingDag(dag_id, is_paused=True, waiting=1, waiting_run_ids=[run_id])
    ]
    assert world.backend.list_starting_dags(world.unique("other")) == []
    # Otherwise there might be more waiting DAGs in the next tests than are read.
    world.rows.delete_run(dag_id, run_id)


def test_a_dag_that_started_the_name_before_is_known_without_its_code(world: World) -> None:
    name, dag_id = world.unique("order"), world.unique("intake")
    world.start(dag_id=dag_id, name=name)
    runs = [_queue(world, dag_id) for _ in range(6)]

    (dag,) = world.backend.list_starting_dags(name)

    assert (dag.dag_id, dag.is_paused, dag.waiting) == (dag_id, False, 6)
    assert dag.waiting_run_ids == runs[:5]
    for run_id in runs:
        world.rows.delete_run(dag_id, run_id)
