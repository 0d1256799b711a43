"""Steps that use other processes and threads than their own."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

from airflow.sdk import DAG, task

from airflow_wfstate import STEP, StartWorkflowOperator, Step

FORK = multiprocessing.get_context("fork")


def step_dag(function):
    """A DAG whose step is the function."""
    dag = DAG(function.__name__, schedule=None)
    with dag:
        start = StartWorkflowOperator(task_id="start", name=dag.dag_id, key="{{ run_id }}", on_failure="hold")
        start >> task.step(task_id="work")(function)()
    return dag


def trains_in_a_fork(step: Step = STEP):
    def epochs():
        for number in range(3):
            step.checkpoint("epoch", number)

    step.checkpoint("began", 1)
    child = FORK.Process(target=epochs)
    child.start()
    child.join()
    return {"model": 1, "exit code": child.exitcode}


def tells_of_the_error_of_a_fork(step: Step = STEP):
    def tell(pipe):
        try:
            step.once("call", lambda: pipe.send("called"))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")

    mine, theirs = FORK.Pipe()
    child = FORK.Process(target=tell, args=(theirs,))
    child.start()
    told = mine.recv()
    child.join()
    return told


def saves_in_threads(step: Step = STEP):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: step.checkpoint(f"part {number}", number), range(8)))
    return len(step.checkpoints)


def hands_itself_to_another_process(step: Step = STEP):
    pickle.dumps(step)


dags = [
    step_dag(function)
    for function in (
        trains_in_a_fork,
        tells_of_the_error_of_a_fork,
        saves_in_threads,
        hands_itself_to_another_process,
    )
]
globals().update({dag.dag_id: dag for dag in dags})
