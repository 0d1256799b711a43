"""A workflow of one DAG whose steps are renamed, removed or added while it is on hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from airflow.sdk import DAG, TaskGroup, task

from airflow_wfstate import CompensateWorkflowOperator, CompleteWorkflowOperator, StartWorkflowOperator
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.resume import ResumePlan, ResumeWorkflow
from airflow_wfstate.domain.messages.step import BeginStep, BegunStep
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from tests.support.serialized_dags import deploy, pin
from tests.support.world import World


def _undo(output: object, compensation: object) -> None:
    """The compensation of every step of these DAGs; never called here."""


@dataclass(frozen=True)
class Declared:
    """A step as the DAG declares it. By default its task id is its name."""

    task_id: str
    name: str | None = None
    was: Sequence[str] = ()
    has_undo: bool = True
    group: str | None = None


def _dag(dag_id: str, steps: Sequence[Declared]) -> DAG:
    with DAG(dag_id, schedule=None) as dag:
        before = StartWorkflowOperator(task_id="start", name=dag_id, key="1")
        for step in steps:
            group = None if step.group is None else TaskGroup(step.group)
            made = task.step(  # type: ignore[attr-defined]
                _work,
                task_id=step.task_id,
                name=step.name,
                was=step.was,
                compensate=_undo if step.has_undo else None,
                **({} if group is None else {"task_group": group}),
            )()
            before >> made
            before = made
        before >> CompleteWorkflowOperator(task_id="complete")
        CompensateWorkflowOperator(task_id="compensate")
    dag.validate()
    return dag


def _work() -> None:
    """The function of every step of these DAGs; never called here."""


@dataclass
class Parcel:
    """A workflow of one DAG whose code changes while it is on hold."""

    world: World
    dag_id: str
    run_id: str
    workflow_id: str
    tasks: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def start(world: World, *steps: Declared, plan: Sequence[str] = (), versioned: bool = False) -> Parcel:
        """Start a workflow with a DAG that has these steps."""
        dag_id = world.unique("parcel").replace("-", "_")
        deploy(world.rows.engine, _dag(dag_id, steps), bundle_version="one" if versioned else None)
        run_id = world.rows.add_run(dag_id)
        started = world.start(run_id, dag_id=dag_id, name=dag_id, plan=list(plan), on_failure=FailurePolicy.HOLD)
        return Parcel(world, dag_id, run_id, started.workflow.id)

    def begin(self, task_id: str, *, name: str | None = None, item: str = "", was: Sequence[str] = ()) -> BegunStep:
        """Have a task begin its step."""
        index = sum(1 for known in self.tasks if known.startswith(f"{task_id}[")) if item else -1
        made = self.world.rows.add_task(self.dag_id, self.run_id, task_id, map_index=index)
        self.tasks[f"{task_id}[{item}]" if item else task_id] = made
        return self.world.backend.begin_step(
            BeginStep(
                made,
                name or task_id,
                item_key=item,
                compensation=CompensationDeclaration(f"task:{task_id}"),
                relay_task_id="compensate",
                was=list(was),
                sole_task=True,
            )
        )

    def do(self, task_id: str, *, name: str | None = None, item: str = "") -> None:
        """Have a task do its step."""
        self.world.succeed(self.begin(task_id, name=name, item=item), {"of": task_id})
        self._over(f"{task_id}[{item}]" if item else task_id, "success")

    def fail(self, task_id: str) -> None:
        """Have a task fail at its step, and end the run."""
        self.world.fail(self.begin(task_id), "broken")
        self._over(task_id, "failed")
        pin(self.world.rows.engine, self.dag_id, self.run_id)
        self.world.rows.set_run_state(self.dag_id, self.run_id, "failed")
        self.world.sweep()
        assert self.state() is WorkflowState.FAILED

    def _over(self, key: str, state: str) -> None:
        self.world.rows.set_task_state(self.tasks[key], state, ended_ago=timedelta(minutes=1))

    def change_code(self, *steps: Declared, versioned: bool = False) -> None:
        """Deploy the DAG with these steps."""
        deploy(self.world.rows.engine, _dag(self.dag_id, steps), bundle_version="two" if versioned else None)

    def plan(self, **options: object) -> ResumePlan:
        """The plan of a resume."""
        return self.world.backend.plan_resume(self.workflow_id, **options)  # type: ignore[arg-type]  # the tests name them

    def resume(self, **options: object) -> None:
        """Resume the workflow."""
        self.world.backend.resume_workflow(ResumeWorkflow(self.workflow_id, **options))  # type: ignore[arg-type]

    def state(self) -> WorkflowState:
        """The state of the workflow."""
        return self.world.state(self.workflow_id)

    def steps(self) -> dict[str, StepState]:
        """The state of each step, by name and item."""
        return {step.label: step.state for step in self.world.backend.get_workflow(self.workflow_id).steps}

    def handlers(self) -> dict[str, str]:
        """The undo of each step."""
        steps = self.world.backend.get_workflow(self.workflow_id).steps
        return {step.label: step.compensations[-1].handler for step in steps}

    def journal(self, kind: EntryKind) -> list[tuple[str | None, dict[str, object]]]:
        """The step and data of each journal entry of a kind."""
        return [(e.step, dict(e.data)) for e in self.world.journal(self.workflow_id) if e.kind is kind]
