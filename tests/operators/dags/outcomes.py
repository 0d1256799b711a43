"""A step for every way in which a task can end; ``params.only`` names the one that acts, the others return."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.log import mask_secret

from airflow_wfstate import STEP, StartWorkflowOperator, Step, durable

calls: list[str] = []
"""What acted, in order; tests read and clear it."""


def one_step(dag_id):
    """A DAG with a start and what is declared below it."""
    dag = DAG(dag_id, schedule=None)
    with dag:
        start = StartWorkflowOperator(task_id="start", name=dag_id, key="{{ run_id }}")
    return dag, start


def python_step(ending, **options):
    """A DAG whose step is the function ``ending``."""
    dag, start = one_step(ending.__name__)
    with dag:
        start >> task.step(task_id="work", **options)(ending)()
    return dag


def returns():
    return {"a": (1, 2)}


def raises():
    raise ValueError("broken")


class NoMoney(Exception):
    """An error class of the DAG file itself."""


def raises_its_own_error(step: Step = STEP):
    raise NoMoney(f"{NoMoney!r} is what I am")


def skips():
    raise AirflowSkipException("nothing to do")


def fails_for_good():
    raise AirflowFailException("never again")


def takes_too_long():
    time.sleep(30)


def exits():
    raise SystemExit(3)


def returns_a_socket():
    with socket.socket() as live:
        return live


def fails_with_a_secret():
    mask_secret("swordfish-of-the-task")
    raise ValueError("login with swordfish-of-the-task failed")


async def awaits(step: Step = STEP):
    async def fetch(number):
        await asyncio.sleep(0.01)
        return number

    fetched = await asyncio.gather(*[step.once(f"fetch-{number}", fetch, number) for number in range(3)])
    step.checkpoint("fetched", fetched)
    return [step.attempt, *fetched]


def ends_when_told(step: Step = STEP):
    before = step.cancelled
    os.kill(os.getpid(), signal.SIGTERM)  # as the supervisor does
    return {"before": before, "after": step.cancelled}


def gives_keyword_only(*items, step: Step = STEP):
    return [*items, step.attempt]


returns_dag = python_step(returns)
raises_dag = python_step(raises)
own_error_dag = python_step(raises_its_own_error)
skips_dag = python_step(skips)
fails_for_good_dag = python_step(fails_for_good)
takes_too_long_dag = python_step(takes_too_long, execution_timeout=timedelta(seconds=0.2))
exits_dag = python_step(exits)
secret_dag = python_step(fails_with_a_secret)
socket_dag = python_step(returns_a_socket)
awaits_dag = python_step(awaits)
ends_when_told_dag = python_step(ends_when_told)
keyword_only_dag = python_step(gives_keyword_only)

branch_dag, branch_start = one_step("branch")
with branch_dag:
    branch = durable(
        task.branch(task_id="work")(lambda: "left")().operator,
    )
    branch_start >> branch >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]

short_circuit_dag, short_circuit_start = one_step("short_circuit")
with short_circuit_dag:
    short_circuit = durable(task.short_circuit(task_id="work")(lambda: False)().operator)
    short_circuit_start >> short_circuit >> EmptyOperator(task_id="right")


class DefersTwice(BaseOperator):
    """Waits for the triggerer, continues, waits again, and returns."""

    def execute(self, context):
        calls.append("execute")
        self.defer(trigger=TimeDeltaTrigger(timedelta(0)), method_name="second")

    def second(self, context, event=None):
        calls.append("second")
        self.defer(trigger=TimeDeltaTrigger(timedelta(0)), method_name="third")

    def third(self, context, event=None):
        calls.append("third")
        return 2


class EndsWhenTold(BaseOperator):
    """Records that Airflow asks it to stop, and continues."""

    def execute(self, context):
        os.kill(os.getpid(), signal.SIGTERM)
        return "ended in time"

    def on_kill(self):
        calls.append("on_kill")


class SecondPoke(BaseSensorOperator):
    """Succeeds at its second poke."""

    def poke(self, context):
        calls.append("poke")
        return len(calls) > 1


defers_dag, defers_start = one_step("defers")
with defers_dag:
    defers_start >> durable(DefersTwice(task_id="work"))

killed_dag, killed_start = one_step("killed")
with killed_dag:
    killed_start >> durable(EndsWhenTold(task_id="work"))

sensor_dag, sensor_start = one_step("sensor")
with sensor_dag:
    sensor_start >> durable(SecondPoke(task_id="work", mode="poke", poke_interval=0.01))

mapped_dag, mapped_start = one_step("mapped")
with mapped_dag:

    @task.step(item_key=lambda number: f"n{number}")
    def by_function(number):
        return number

    @task.step(item_key="t{{ number }}")
    def by_template(number):
        return number

    mapped_start >> by_function.expand(number=[1, 2])
    mapped_start >> by_template.expand(number=[1, 2])
