"""A DAG of every kind of step, for tests that run it with ``dag.test()``."""

from __future__ import annotations

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    durable,
)

calls: list[tuple[object, ...]] = []
"""What the functions did, in order; tests read and clear it."""


def undo(output, compensation):
    calls.append(("undo", compensation.step_name, output, compensation.attempt))


def undo_at_second_attempt(output, compensation):
    undo(output, compensation)
    if compensation.attempt == 1:
        raise RuntimeError("not yet")


@dag(schedule=None, params={"key": "1", "fails": False})
def journey():
    # The relay is declared first: it wires itself below everything.
    CompensateWorkflowOperator(task_id="relay")
    start = StartWorkflowOperator(task_id="start", name="journey", key="{{ params.key }}", plan=["first", "never"])

    @task.step(compensate=undo)
    def first(step: Step, key: str, *, times: int = 1) -> str:  # the reserved parameter may come first
        step.checkpoint("times", times)
        calls.append(("first", key, step.checkpoints["times"], step.attempt))
        return key * 2

    @task.step(compensate=undo_at_second_attempt)
    async def second(value: str, step: Step = STEP) -> str:
        calls.append(("second", value))
        return value + step.workflow.key.partition("~")[0]  # of a rehearsal it is key~run_id

    @task.step(compensate=undo)
    def item(number: int) -> int:
        calls.append(("item", number))
        return number * 10

    @task.step
    def last(value: str, fails: str) -> None:
        if fails == "True":
            raise ValueError("it fails for good")

    bash = durable(BashOperator(task_id="bash", bash_command="echo {{ params.key }}"), compensate=undo)
    begin = first("{{ params.key }}", times=3)
    end = last(second(begin), "{{ params.fails }}")
    items = item.expand(number=[1, 2])
    output = {"bash": "{{ ti.xcom_pull('bash') }}", "items": items}
    complete = CompleteWorkflowOperator(task_id="complete", output=output)
    start >> begin
    start >> items >> bash >> end >> complete


journey_dag = journey()
