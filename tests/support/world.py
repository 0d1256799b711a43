"""A store with an Airflow around it, and short methods for telling a story in it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.messages.step import BeginStep, BegunStep, EndAttempt, LinkChildRun, RecordedWrite
from airflow_wfstate.domain.messages.sweep_report import SweepReport
from airflow_wfstate.domain.messages.workflow import StartedWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, FailurePolicy, IfExists, SkipPolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.database import schema
from tests.support.airflow_rows import AirflowRows


@dataclass(frozen=True)
class World:
    """A store behind one backend, and the rows of the Airflow beside it.

    Tests share the database, so each gets its own names from :meth:`unique`.
    """

    backend: StateBackend
    rows: AirflowRows

    @staticmethod
    def unique(stem: str) -> str:
        """A name that no other test has."""
        return f"{stem}-{uuid4().hex[:12]}"

    def start(
        self,
        run_id: str | None = None,
        *,
        dag_id: str = "intake",
        name: str = "order",
        key: str | None = None,
        input: JsonValue = None,
        plan: list[str] | None = None,
        participants: list[str] | None = None,
        on_failure: FailurePolicy | None = None,
        on_compensation_error: CompensationErrorPolicy | None = None,
        on_skip: SkipPolicy | None = None,
        if_exists: IfExists = IfExists.ATTACH,
        labels: dict[str, str] | None = None,
    ) -> StartedWorkflow:
        """Start a workflow from a task of a run, by default of a new run."""
        run_id = run_id or self.rows.add_run(dag_id)
        return self.backend.start_workflow(
            StartWorkflow(
                task_instance_id=self.rows.add_task(dag_id, run_id, self.unique("start")),
                name=name,
                key=key or self.unique("key"),
                input=Payload.of(input, sort_keys=True),
                plan=plan or [],
                participants=participants or [],
                on_failure=on_failure,
                on_compensation_error=on_compensation_error,
                on_skip=on_skip,
                if_exists=if_exists,
                labels=labels or {},
            )
        )

    def begin(
        self,
        run_id: str,
        name: str,
        *,
        dag_id: str = "intake",
        item_key: str = "",
        compensation: CompensationDeclaration | None = None,
    ) -> tuple[str, BegunStep]:
        """Begin a step from a new task instance of the run, and return its id and the answer."""
        task_instance_id = self.rows.add_task(dag_id, run_id, self.unique(name))
        return task_instance_id, self.begin_as(task_instance_id, name, item_key=item_key, compensation=compensation)

    def begin_as(
        self,
        task_instance_id: str,
        name: str,
        *,
        item_key: str = "",
        compensation: CompensationDeclaration | None = None,
        arguments_sha256: str | None = None,
        sole_task: bool = True,
    ) -> BegunStep:
        """Begin a step as this task instance, by default as if only its task declared the step."""
        return self.backend.begin_step(
            BeginStep(
                task_instance_id,
                name,
                item_key=item_key,
                compensation=compensation,
                relay_task_id=None if compensation is None else "compensate",
                arguments_sha256=arguments_sha256,
                sole_task=sole_task,
            )
        )

    def child(self, trigger: BegunStep, dag_id: str, *, write: int = 1) -> str:
        """Have a running step trigger a run of a DAG, and return its run id."""
        wanted = f"wfstate__{trigger.workflow.id}__{trigger.step_id}__{trigger.round}"
        linked = self.backend.link_child_run(LinkChildRun(trigger.attempt_key, write, dag_id, wanted))
        return self.rows.add_run(dag_id, linked.run_id)

    def succeed(self, begun: BegunStep, output: JsonValue = None, *, write: int | None = None) -> RecordedWrite:
        """End the attempt as succeeded."""
        number = begun.writes_applied + 1 if write is None else write
        return self.backend.end_attempt(
            EndAttempt(begun.attempt_key, number, StepState.SUCCEEDED, output=Payload.of(output))
        )

    def fail(self, begun: BegunStep, error: str = "broken", *, write: int | None = None) -> RecordedWrite:
        """End the attempt as failed."""
        number = begun.writes_applied + 1 if write is None else write
        return self.backend.end_attempt(EndAttempt(begun.attempt_key, number, StepState.FAILED, error=error))

    def step_done(
        self, run_id: str, name: str, output: JsonValue = None, *, dag_id: str = "intake", undo: str | None = None
    ) -> None:
        """Do a whole step, with a compensation if ``undo`` names its handler."""
        compensation = None if undo is None else CompensationDeclaration(undo)
        task_instance_id, begun = self.begin(run_id, name, dag_id=dag_id, compensation=compensation)
        self.succeed(begun, output)
        self.rows.set_task_state(task_instance_id, "success")

    def state(self, workflow_id: str) -> WorkflowState:
        """The stored state of a workflow. Tests rarely need more, and reading its detail takes ten statements."""
        its_row = select(schema.workflow.c.state).where(schema.workflow.c.id == workflow_id)
        with self.rows.engine.connect() as connection:
            return WorkflowState(connection.execute(its_row).scalar_one())

    def sweep(self) -> SweepReport:
        """Run a sweep. If an api-server of the tests is running one, wait for its end first."""
        for _ in range(1000):
            report = self.backend.sweep()
            if report.swept:
                return report
        raise AssertionError("Another sweep does not end.")

    def journal(self, workflow_id: str) -> list[JournalEntry]:
        """The whole journal."""
        return self.backend.read_journal(workflow_id, limit=1000).entries

    def told(self, workflow_id: str) -> list[str]:
        """The journal, as lines of ``kind`` or ``kind step``."""
        return [
            entry.kind.value if entry.step is None else f"{entry.kind.value} {entry.step}"
            for entry in self.journal(workflow_id)
        ]
