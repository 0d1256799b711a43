"""What a resume means for each step: it answers from the store, it runs, or it stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_wfstate.domain.messages.resume import RecreatedRun, StepToRun
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.plan import PlannedStep, progress
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.store.database.airflow_tables import REMOVED
from airflow_wfstate.store.resume.selection import ResumeSelection
from airflow_wfstate.store.resume.step_changes import StepChanges
from airflow_wfstate.store.steps.row import StepRow

_DONE = (StepState.SUCCEEDED, StepState.SKIPPED)


class ResumeSteps:
    """The steps of a workflow, as a plan describes them.

    :param of_services: steps done by services, which a resume does not affect.
    :param definition: the definition that the workflow has once it is resumed.
    :ivar to_run: see :class:`~airflow_wfstate.domain.messages.resume.ResumePlan`.
    :ivar answering: see there, too.
    :ivar notes: notes about steps that stay unfinished.
    """

    def __init__(
        self,
        steps: list[StepRow],
        of_services: Sequence[PlannedStep],
        selection: ResumeSelection,
        recreated: list[RecreatedRun],
        changes: StepChanges,
        definition: Definition,
    ) -> None:
        self.to_run: list[StepToRun] = []
        self.answering: list[str] = []
        self.notes: list[str] = []
        self._selection = selection
        self._recreated = {(run.dag_id, run.run_id) for run in recreated}
        self._closed = {step.id for step in changes.closed}
        self._renamed = {(rename.participant, rename.old): rename.new for rename in changes.all_renames}
        self._again: list[StepRow] = []
        for step in steps:
            self._add(step)
        for done_outside in of_services:
            self._add_service_step(done_outside)
        # Items in the same state count once: only which entries have begun matters here.
        begun = {(step.participant, self._name(step), step.state, step.place) for step in steps}
        planned = [*(PlannedStep(*step) for step in begun), *of_services]
        plan = [self._entry(entry) for entry in definition.plan]
        services = () if definition.choreography is None else definition.choreography.services
        named = tuple(f"{service.name}." for service in services)
        self.to_run += [
            StepToRun(entry, "is awaited: a service does it" if entry.startswith(named) else "has not begun")
            for entry in progress(plan, planned).remaining
        ]
        if self._again:
            self.notes.append("A step declared with on_clear='reuse' is not executed again: it answers from the store.")
        self.notes += [_about_new_child(step) for step in self._again if selection.triggers_again(step)]

    def _name(self, step: StepRow) -> str:
        return self._renamed.get((step.participant, step.name), step.name)

    def _label(self, step: StepRow) -> str:
        """The step's label after the resume."""
        return replace(step.called, name=self._name(step)).label

    def _entry(self, entry: str) -> str:
        """An entry of the plan, with the step's new name."""
        for (participant, old), new in self._renamed.items():
            if entry in (old, f"{participant}.{old}"):
                return entry.removesuffix(old) + new
        return entry

    def _add(self, step: StepRow) -> None:
        is_recreated = (step.dag_id, step.run_id) in self._recreated
        if step.id in self._closed:
            return
        if step.state not in _DONE and (step.participant, step.name) in self._renamed:
            self.to_run.append(StepToRun(self._label(step), f"{_why_again(step)}, under its new name"))
            return
        if self._selection.is_cleared(step):
            if step.state is StepState.SUCCEEDED:
                self._again.append(step)
            self.to_run.append(StepToRun(step.label, _why_again(step)))
        elif step.state in _DONE:
            self.answering.append(self._label(step))
        elif is_recreated:
            self.to_run.append(StepToRun(step.label, f"{step.state.value}: next attempt of round {step.round}"))
        elif step.state in OPEN_STEP_STATES and not step.holder_is_over:
            self.notes.append(f"Step {step.label} is running in {step.holder}; it continues.")
        else:
            self.notes.append(self._why_not(step))

    def _add_service_step(self, step: PlannedStep) -> None:
        label = StepName(step.participant, step.name).label
        if step.state in _DONE:
            self.answering.append(label)
        elif step.state in OPEN_STEP_STATES:
            self.notes.append(f"Step {label} is in progress at its service; it continues.")
        elif step.state is StepState.COMPENSATED:
            self.notes.append(f"Step {label} was undone and stays compensated.")
        else:
            self.notes.append(f"Step {label} stays {step.state.value} until an event of its service says otherwise.")

    def _why_not(self, step: StepRow) -> str:
        task = self._selection.task_of(step)
        stays = f"Step {step.label} stays {step.state.value}"
        if task is None:
            return f"{stays}: its task {step.holder} is gone."
        if task.state == REMOVED:
            return (
                f"{stays}, and the workflow cannot be completed until that is settled: Airflow has removed its task "
                f"{step.holder}, because the list that it is mapped over no longer has this item. If its work is no "
                "longer wanted, mark that task instance as success; the step then counts as skipped."
            )
        if task.state == "success":
            return f"{stays}: its task {step.holder} is marked success in Airflow and is not cleared."
        return f"{stays} until its task {step.holder}, which is {task.state}, runs."


def _why_again(step: StepRow) -> str:
    if step.state is StepState.SUCCEEDED:
        return f"done before: runs again as round {step.round + 1}"
    if step.state is StepState.SKIPPED:
        return "was skipped: decides again"
    return f"{step.state.value}: next attempt of round {step.round}"


def _about_new_child(step: StepRow) -> str:
    return (
        f"Step {step.label} triggers a new run. Steps already done answer in it from the store; to run one of them "
        "again, restart from it."
    )
