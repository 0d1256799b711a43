"""An order across two DAGs, with their runs and tasks in Airflow's tables, for tests that fail, finish or resume it.

``shop_intake`` does ``reserve`` and ``charge``, triggers ``shop_fulfilment`` by ``fulfil`` and waits for it, and
completes. ``shop_fulfilment`` does ``pack`` and ``ship``. Both have a relay. None of their tasks runs: the tests report
to the store what a task would report, so the task's operator does not matter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, Param
from sqlalchemy import delete, select, update

from airflow_wfstate import (
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TriggerWorkflowDagRunOperator,
)
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TakeTurn
from airflow_wfstate.domain.messages.step import BeginStep, BegunStep, EndAttempt, LinkChildRun
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState
from tests.support.serialized_dags import deploy
from tests.support.world import World

INTAKE, FULFILMENT = "shop_intake", "shop_fulfilment"
RELAY = "compensate"
_OVER = timedelta(minutes=1)


def intake_dag(
    *,
    input: dict[str, str] | None = None,
    extra_task: str | None = None,
    without: str | None = None,
    rerun_with_latest_version: bool | None = None,
    order_id_type: str = "string",
) -> DAG:
    """The owner's DAG.

    :param input: the input that the start declares; None for the run's params.
    :param extra_task: a task that the DAG has gained.
    :param without: a task that the DAG has lost: ``charge`` or ``fulfil``.
    :param rerun_with_latest_version: the DAG's option of that name in Airflow.
    :param order_id_type: the type of the param ``order_id``.
    """
    order_id = Param("1" if order_id_type == "string" else 1, type=order_id_type)
    # Airflow 3.2 does not have the option.
    newer: dict[str, Any] = {}
    if rerun_with_latest_version is not None:
        newer["rerun_with_latest_version"] = rerun_with_latest_version
    with DAG(INTAKE, schedule=None, params={"order_id": order_id}, **newer) as dag:
        reserve = EmptyOperator(task_id="reserve")
        start = StartWorkflowOperator(task_id="start", name="shop", key="{{ params.order_id }}", input=input)
        last: BaseOperator = reserve
        start >> reserve
        if without != "charge":
            last = last >> EmptyOperator(task_id="charge")
        if without != "fulfil":
            last = last >> TriggerWorkflowDagRunOperator(task_id="fulfil", trigger_dag_id=FULFILMENT)
        if extra_task is not None:
            last >> EmptyOperator(task_id=extra_task)
        last >> CompleteWorkflowOperator(task_id="complete")
        CompensateWorkflowOperator(task_id=RELAY)
    dag.validate()
    return dag


def fulfilment_dag() -> DAG:
    """The child's DAG."""
    with DAG(FULFILMENT, schedule=None) as dag:
        pack = EmptyOperator(task_id="pack")
        pack >> EmptyOperator(task_id="ship")
        CompensateWorkflowOperator(task_id=RELAY)
    dag.validate()
    return dag


@dataclass
class Order:
    """One order.

    :param tasks: task instance ids by task id; the child's relay is ``child_compensate``.
    """

    world: World
    key: str
    run_id: str
    workflow_id: str
    child_run: str = ""
    tasks: dict[str, str] = field(default_factory=dict)

    def task(self, task_id: str, *, state: str | None = None) -> str:
        """Insert a task instance in the run that has such a task, and return its id."""
        in_child = task_id in ("pack", "ship", "child_compensate")
        dag_id, run_id = (FULFILMENT, self.child_run) if in_child else (INTAKE, self.run_id)
        name = RELAY if task_id == "child_compensate" else task_id
        self.tasks[task_id] = self.world.rows.add_task(dag_id, run_id, name, state=state)
        return self.tasks[task_id]

    def begin(self, task_id: str) -> BegunStep:
        """Have the task of this name begin its step."""
        self.world.rows.set_task_state(self.tasks[task_id], "running")
        return self.world.backend.begin_step(
            BeginStep(
                self.tasks[task_id],
                task_id,
                compensation=CompensationDeclaration(f"task:{task_id}"),
                relay_task_id=RELAY,
            )
        )

    def do(self, task_id: str, output: JsonValue = None) -> BegunStep:
        """Have the task do its step."""
        begun = self.begin(task_id)
        self.world.succeed(begun, output)
        self.world.rows.set_task_state(self.tasks[task_id], "success", ended_ago=_OVER)
        return begun

    def charge(self, items: tuple[str, ...]) -> None:
        """Have ``charge`` do its step, once for each item if there are any."""
        if not items:
            self.task("charge")
            self.do("charge")
        for index, item in enumerate(items):
            task = self.world.rows.add_task(INTAKE, self.run_id, "charge", map_index=index)
            self.world.succeed(self.world.begin_as(task, "charge", item_key=item))
            self.world.rows.set_task_state(task, "success", ended_ago=_OVER)

    def fail(self, task_id: str) -> None:
        """Have the task fail at its step."""
        self.world.fail(self.begin(task_id), f"{task_id} is broken")
        self.world.rows.set_task_state(self.tasks[task_id], "failed", ended_ago=_OVER)

    def begin_fulfil(self) -> BegunStep:
        """Have ``fulfil`` link its child, which then exists, and return its attempt."""
        begun = self.begin("fulfil")
        self.child_run = self.child_run or f"wfstate__{begun.workflow.id}__fulfil__{begun.round}"
        self.world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, FULFILMENT, self.child_run))
        self.world.rows.add_run(FULFILMENT, self.child_run)
        for task_id in ("pack", "ship", "child_compensate"):
            self.task(task_id)
        return begun

    def begin_again(self, task_id: str) -> BegunStep:
        """Have the task that is running its step begin it again, and return the same attempt."""
        return self.world.backend.begin_step(BeginStep(self.tasks[task_id], task_id))

    def begin_fulfil_again(self) -> BegunStep:
        """Have ``fulfil``, which was cleared, link its child."""
        begun = self.begin("fulfil")
        wanted = f"wfstate__{begun.workflow.id}__fulfil__{begun.round}"
        linked = self.world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, FULFILMENT, wanted))
        self.child_run = linked.run_id
        return begun

    def begin_fulfil_next_try(self) -> BegunStep:
        """Have Airflow's retry of ``fulfil``, which failed, link its child."""
        self.tasks["fulfil"] = self.world.rows.next_try(self.tasks["fulfil"], state="failed")
        return self.begin_fulfil_again()

    def wait_for_child(self) -> None:
        """Have ``fulfil`` defer itself until its child has ended."""
        begun = self.begin_again("fulfil")
        self.world.backend.end_attempt(EndAttempt(begun.attempt_key, 5, StepState.WAITING))
        self.world.rows.set_task_state(self.tasks["fulfil"], "deferred")

    def skip(self, task_id: str) -> None:
        """Have the task decide to skip its step."""
        begun = self.begin(task_id)
        self.world.backend.end_attempt(EndAttempt(begun.attempt_key, 5, StepState.SKIPPED))
        self.world.rows.set_task_state(self.tasks[task_id], "skipped", ended_ago=_OVER)

    def end_intake_failed(self) -> None:
        """End the owner's run after ``fulfil`` has failed; the workflow is then on hold."""
        self.world.rows.set_task_state(self.tasks["fulfil"], "failed", ended_ago=_OVER)
        self.world.rows.set_task_state(self.tasks["complete"], "upstream_failed", ended_ago=_OVER)
        self.end_run(INTAKE, self.run_id, RELAY, "complete", "failed")

    def end_run(self, dag_id: str, run_id: str, relay: str, leaf: str, state: str) -> None:
        """Have the relay judge its run, and end the run."""
        self.world.rows.set_task_state(self.tasks[relay], "running")
        self.world.backend.take_turn(TakeTurn(self.tasks[relay], [leaf]))
        self.world.rows.set_task_state(self.tasks[relay], "success", ended_ago=_OVER)
        self.world.rows.set_run_state(dag_id, run_id, state)

    def states(self, dag_id: str = INTAKE) -> dict[str, str | None]:
        """The state of each task of the DAG's run, by task id."""
        run_id = self.run_id if dag_id == INTAKE else self.child_run
        table = TaskInstance.__table__
        with self.world.rows.engine.connect() as connection:
            rows = connection.execute(
                select(table.c.task_id, table.c.state).where(table.c.dag_id == dag_id, table.c.run_id == run_id)
            )
            return {row.task_id: row.state for row in rows}

    def run_states(self) -> list[str | None]:
        """The states of the owner and of the child; None for one that is gone."""
        table = DagRun.__table__
        with self.world.rows.engine.connect() as connection:
            return [
                connection.execute(
                    select(table.c.state).where(table.c.dag_id == dag_id, table.c.run_id == run_id)
                ).scalar_one_or_none()
                for dag_id, run_id in ((INTAKE, self.run_id), (FULFILMENT, self.child_run))
            ]

    def earlier_tries(self, task_id: str) -> int:
        """How many tries of a task of this order Airflow has in its history."""
        table = TaskInstanceHistory.__table__
        with self.world.rows.engine.connect() as connection:
            return len(
                connection.execute(
                    select(table.c.task_instance_id).where(
                        table.c.run_id.in_([self.run_id, self.child_run]), table.c.task_id == task_id
                    )
                ).all()
            )

    def reread(self) -> None:
        """Read the current ids of the task instances, and schedule the next try of those that were cleared."""
        table = TaskInstance.__table__
        of_order = table.c.run_id.in_([self.run_id, self.child_run])
        with self.world.rows.engine.begin() as connection:
            connection.execute(
                update(table).where(of_order, table.c.state.is_(None)).values(try_number=table.c.try_number + 1)
            )
            rows = connection.execute(select(table.c.id, table.c.dag_id, table.c.task_id).where(of_order))
            for row in rows:
                in_child = row.dag_id == FULFILMENT and row.task_id == RELAY
                self.tasks["child_compensate" if in_child else row.task_id] = str(row.id)

    def delete_run(self, dag_id: str) -> None:
        """Delete the run, as somebody may do in Airflow."""
        run_id = self.run_id if dag_id == INTAKE else self.child_run
        with self.world.rows.engine.begin() as connection:
            for table in (TaskInstance.__table__, DagRun.__table__):
                connection.execute(delete(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id))

    def conf(self) -> object:
        """The conf of the owner's run."""
        table = DagRun.__table__
        with self.world.rows.engine.connect() as connection:
            conf = connection.execute(
                select(table.c.conf).where(table.c.dag_id == INTAKE, table.c.run_id == self.run_id)
            ).scalar_one()
        return json.loads(conf) if isinstance(conf, str) else conf


def open_order(
    world: World,
    *,
    name: str = "shop",
    on_failure: FailurePolicy | None = FailurePolicy.HOLD,
    plan: tuple[str, ...] = ("reserve", "invoice"),
    items: tuple[str, ...] = (),
    packed: JsonValue = None,
) -> Order:
    """Create an order whose intake has reserved and charged, and whose child has packed and is about to ship.

    :param items: the items that ``charge`` is mapped over; empty if it is not mapped.
    :param packed: the output of ``pack``.
    """
    deploy(world.rows.engine, intake_dag())
    deploy(world.rows.engine, fulfilment_dag())
    key, run_id = world.unique("key"), world.rows.add_run(INTAKE, world.unique("manual_"))
    order = Order(world, key, run_id, "")
    start = order.task("start", state="running")
    started = world.backend.start_workflow(
        StartWorkflow(start, name, key, Payload.of({"order_id": key}), plan=list(plan), on_failure=on_failure)
    )
    order.workflow_id = started.workflow.id
    world.rows.set_task_state(start, "success", ended_ago=_OVER)
    for task_id in ("reserve", "fulfil", "complete", RELAY):
        order.task(task_id)
    order.do("reserve")
    order.charge(items)
    order.begin_fulfil()
    order.do("pack", packed)
    return order


def failed_order(
    world: World,
    *,
    name: str = "shop",
    on_failure: FailurePolicy | None = FailurePolicy.HOLD,
    plan: tuple[str, ...] = ("reserve", "invoice"),
    packed: JsonValue = None,
) -> Order:
    """Create an order whose shipping has failed. It is on hold, unless its definition says otherwise.

    :param packed: the output of ``pack``.
    """
    order = open_order(world, name=name, on_failure=on_failure, plan=plan, packed=packed)
    order.fail("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "failed")
    world.fail(order.begin_again("fulfil"), "the run failed", write=9)
    order.end_intake_failed()
    return order


def succeeded_order(world: World, *, items: tuple[str, ...] = ()) -> Order:
    """Create an order that has succeeded; ``items`` as for :func:`open_order`."""
    order = open_order(world, items=items)
    order.do("ship")
    order.end_run(FULFILMENT, order.child_run, "child_compensate", "ship", "success")
    world.succeed(
        order.begin_again("fulfil"), {"dag_id": FULFILMENT, "run_id": order.child_run, "state": "success"}, write=9
    )
    world.rows.set_task_state(order.tasks["fulfil"], "success", ended_ago=_OVER)
    world.rows.set_task_state(order.tasks["complete"], "running")
    world.backend.complete_workflow(CompleteWorkflow(order.tasks["complete"], Payload.of("done")))
    world.rows.set_task_state(order.tasks["complete"], "success", ended_ago=_OVER)
    order.end_run(INTAKE, order.run_id, RELAY, "complete", "success")
    return order
