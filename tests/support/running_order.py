"""A running order across two DAGs, for tests that cancel it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import BegunStep, EndAttempt, LinkChildRun
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from tests.support.world import World


@dataclass
class RunningOrder:
    """An order: intake did ``reserve`` and waits for its child, which did ``pack`` and is running ``load``.

    ``ship`` and ``bill`` are tasks that have not begun.
    """

    world: World
    workflow_id: str
    key: str
    run_id: str
    child_run: str
    tasks: dict[str, str]
    relays: dict[str, str]
    load: BegunStep

    def state(self) -> WorkflowState:
        """The workflow's state."""
        return self.world.state(self.workflow_id)

    def cancel(self, **options: object) -> WorkflowState:
        """Cancel the order, and return the state in the answer."""
        request = CancelWorkflow(self.workflow_id, **options)  # type: ignore[arg-type]  # the tests name its fields
        return self.world.backend.cancel_workflow(request).workflow.state

    def task_states(self) -> dict[str, str | None]:
        """The states of the tasks in Airflow, by task id."""
        return {task_id: self.world.rows.task_state(task) for task_id, task in self.tasks.items()}

    def compensations(self) -> dict[str, CompensationState]:
        """The states of the compensations, by the step's name."""
        steps = self.world.backend.get_workflow(self.workflow_id).steps
        return {step.name: item.state for step in steps for item in step.compensations}


def running_order(world: World) -> RunningOrder:
    """Create a running order, in new runs."""
    rows, key = world.rows, world.unique("key")
    run_id, child_run = rows.add_run("intake"), world.unique("child")
    start = rows.add_task("intake", run_id, "start")
    request = StartWorkflow(start, "order", key, Payload.of(None), participants=["audit"])
    workflow_id = world.backend.start_workflow(request).workflow.id
    rows.set_task_state(start, "success")
    world.step_done(run_id, "reserve", {"shelf": 4}, undo="task:reserve")
    fulfil = rows.add_task("intake", run_id, "fulfil")
    begun = world.begin_as(fulfil, "fulfil")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child_run))
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.WAITING))
    rows.set_task_state(fulfil, "deferred")
    rows.add_run("fulfilment", child_run)
    world.step_done(child_run, "pack", {"box": 1}, dag_id="fulfilment", undo="task:pack")
    load = rows.add_task("fulfilment", child_run, "load")
    return RunningOrder(
        world=world,
        workflow_id=workflow_id,
        key=key,
        run_id=run_id,
        child_run=child_run,
        tasks={
            "fulfil": fulfil,
            "bill": rows.add_task("intake", run_id, "bill", state=None),
            "load": load,
            "ship": rows.add_task("fulfilment", child_run, "ship", state="up_for_retry"),
        },
        relays={
            "intake": rows.add_task("intake", run_id, "compensate", state=None),
            "fulfilment": rows.add_task("fulfilment", child_run, "compensate", state=None),
        },
        load=world.begin_as(load, "load", compensation=CompensationDeclaration("task:load", max_attempts=1)),
    )
