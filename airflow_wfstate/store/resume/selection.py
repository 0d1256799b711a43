"""Which tasks of which runs a resume or restart clears, over all runs of a workflow.

``domain/rules/run_tasks.py`` decides what a single run contributes. This module follows the decision from run to run:
when a child continues, so do the step that waits for it and everything downstream of that step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.resume import Refusal
from airflow_wfstate.domain.rules.run_tasks import RunTask, RunTasks
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.store.payloads.stored_payload import StoredPayload
from airflow_wfstate.store.runs.graph import read_run_tasks
from airflow_wfstate.store.runs.linked_run import LinkedDagRun
from airflow_wfstate.store.runs.returned_values import LostValue, lost_values
from airflow_wfstate.store.steps.row import StepRow

if TYPE_CHECKING:
    from airflow_wfstate.store.runs.code import RunCodes

RunKey = tuple[str, str]
"""DAG id and run id."""


class ResumeSelection:
    """The tasks to clear, collected run by run.

    :param codes: which code each run continues with, which determines its tasks.
    :param runs: the runs bound to the workflow.
    :param steps: the steps of the workflow.
    """

    def __init__(self, session: Session, codes: RunCodes, runs: list[LinkedDagRun], steps: list[StepRow]) -> None:
        self._session = session
        self._codes = codes
        self._runs = {run.key: run for run in runs}
        self._steps = {step.id: step for step in steps}
        self._tasks: dict[RunKey, RunTasks] = {}
        self._chosen: dict[RunKey, dict[str, str]] = {}
        self._skipped = {step.task_instance_id for step in steps if step.state is StepState.SKIPPED}
        self._children: dict[str, list[RunKey]] = {}
        for run in runs:
            self._children.setdefault(run.parent_step_id or "", []).append(run.key)
        self._without_dag: set[RunKey] = set()
        self.refusal: Refusal | None = None
        """Why the resume is refused: the first reason found."""

    @property
    def touched(self) -> list[LinkedDagRun]:
        """The existing runs that continue, in the order in which they were linked."""
        return [run for key, run in self._runs.items() if key in self._chosen]

    @property
    def dag_ids_without_dag(self) -> set[str]:
        """DAG ids of the resumed runs whose DAG Airflow no longer knows."""
        return {dag_id for dag_id, run_id in self._without_dag if (dag_id, run_id) in self._chosen}

    def cleared(self, run: LinkedDagRun) -> list[tuple[RunTask, str]]:
        """The tasks of a run to clear, each with the reason; without the relay."""
        chosen = self._chosen.get(run.key, {})
        return [(task, chosen[task.id]) for task in self.tasks_of(run).tasks if task.id in chosen]

    def task_of(self, step: StepRow) -> RunTask | None:
        """The task instance of the step's newest attempt; None when it or its run is gone."""
        run = self._runs.get((step.dag_id, step.run_id))
        if run is None or run.dag_run is None:
            return None
        return self.tasks_of(run).find(step.task_id, step.map_index)

    def is_cleared(self, step: StepRow) -> bool:
        """Whether the task of the step's newest attempt is to be cleared."""
        task = self.task_of(step)
        return task is not None and task.id in self._chosen.get((step.dag_id, step.run_id), {})

    def triggers_again(self, step: StepRow) -> bool:
        """Whether none of the runs that a cleared step triggered continues, so that its next round triggers another."""
        children = self._children.get(step.id, [])
        return bool(children) and not any(key in self._chosen for key in children)

    def take_unfinished(self) -> None:
        """Select what is unfinished in every owner and child run that failed or is still running."""
        for run in self._runs.values():
            if not run.decides or run.dag_run is None or run.state == "success":
                continue
            chosen = self.tasks_of(run).unfinished()
            if chosen or run.state == "failed":
                self._take(run, chosen)

    def take_from(self, steps: list[StepRow], named: str) -> None:
        """Select a step with all its items, and everything downstream of it in its run."""
        by_run: dict[RunKey, set[str]] = {}
        for step in steps:
            by_run.setdefault((step.dag_id, step.run_id), set()).add(step.task_id)
        for (dag_id, run_id), task_ids in by_run.items():
            run = self._runs.get((dag_id, run_id))
            if run is None or run.dag_run is None:
                self._refuse(
                    f"Run {run_id} of DAG {dag_id}, which did step {named}, is gone or belongs to another workflow.",
                    "Restart from a step whose run exists.",
                )
                continue
            tasks = self.tasks_of(run)
            at_work = tasks.at_work_from(task_ids)
            if at_work:
                self._refuse(
                    f"Task {at_work[0].task_id} of {dag_id}/{run_id} is {at_work[0].state}: it is running or about to "
                    "run.",
                    "Wait for it to end, or cancel the workflow.",
                )
            chosen = tasks.from_tasks(task_ids, f"does step {named}")
            if not any(task.id in chosen for task in tasks.tasks if task.task_id in task_ids):
                self._refuse(
                    f"Run {run_id} of DAG {dag_id} no longer has task {', '.join(sorted(task_ids))}, which did step "
                    f"{named}.",
                    "Restart from another step.",
                )
            self._take(run, chosen)

    def follow_parents(self) -> None:
        """Select the steps that wait for resumed children, up to the owner, and everything downstream of them."""
        pending = [run for run in self.touched if run.parent_step_id is not None]
        while pending:
            child = pending.pop()
            step = self._steps.get(child.parent_step_id or "")
            parent = None if step is None else self._runs.get((step.dag_id, step.run_id))
            task = None if step is None else self.task_of(step)
            if step is None or parent is None or task is None:
                continue
            why = f"waits for run {child.run_id} of DAG {child.dag_id}"
            chosen: dict[str, str] = {}
            if task.state == "deferred":
                chosen = {task.id: why}  # its trigger may already have seen the child fail
            elif task.state == "success" and has_waited(step.output):
                chosen = self.tasks_of(parent).from_tasks([task.task_id], why)
            if chosen:
                self._take(parent, chosen)
                if parent.parent_step_id is not None:
                    pending.append(parent)

    def take_completions(self) -> None:
        """Select the tasks that completed the workflow, so that they complete it again."""
        for run in self._runs.values():
            if run.decides and run.dag_run is not None:
                chosen = {
                    task.id: "completes the workflow again"
                    for task in self.tasks_of(run).tasks
                    if task.completes and task.state == "success"
                }
                if chosen:
                    self._take(run, chosen)

    def lost_values(self, workflow_id: str) -> list[str]:
        """The tasks, in the resumed runs, that are not cleared and whose return value Airflow has lost.

        The value is stored, but a downstream task that pulls it from Airflow gets None.
        """
        if not self._chosen:
            return []
        lost = lost_values(self._session.connection(), workflow_id, self._chosen)
        return [f"{value.dag_id}.{value.step}" for value in lost if self._stays(value) and self._pushes(value)]

    def _stays(self, value: LostValue) -> bool:
        run = self._runs[value.dag_id, value.run_id]
        chosen = self._chosen[run.key]
        return any(task.task_id == value.task_id and task.id not in chosen for task in self.tasks_of(run).tasks)

    def _pushes(self, value: LostValue) -> bool:
        run = self._runs[value.dag_id, value.run_id]
        dag = None if run.dag_run is None else self._codes.dag_of(run.dag_run)
        task = None if dag is None else dag.task_dict.get(value.task_id)
        return task is not None and bool(getattr(task, "do_xcom_push", True))

    def tasks_of(self, run: LinkedDagRun) -> RunTasks:
        """The tasks of an existing run."""
        if run.key not in self._tasks:
            self._tasks[run.key] = self._read(run)
        return self._tasks[run.key]

    def _read(self, run: LinkedDagRun) -> RunTasks:
        dag = None if run.dag_run is None else self._codes.dag_of(run.dag_run)
        if run.dag_run is None or dag is None:
            self._without_dag.add(run.key)
            return RunTasks(tasks=[])
        return read_run_tasks(self._session, dag, run.dag_run, run.relay_task_id, self._skipped)

    def _take(self, run: LinkedDagRun, chosen: dict[str, str]) -> None:
        self._chosen[run.key] = {**chosen, **self._chosen.get(run.key, {})}

    def _refuse(self, reason: str, remedy: str) -> None:
        self.refusal = self.refusal or Refusal(reason, remedy)


def has_waited(output: StoredPayload | None) -> bool:
    """Whether this output of a TriggerWorkflowDagRunOperator says that the triggered run had ended well."""
    value = None if output is None else output.open().value()
    return isinstance(value, dict) and value.get("state") == "success"
