"""What a resume finds changed in the steps of a workflow: renamed, removed or added.

A step's name is its identity. If one step is no longer declared and another is new, the step may have been renamed, and
the new name would do its work a second time. Only a person can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.resume import Refusal
from airflow_wfstate.domain.messages.step_changes import NewStep, StepFate, UndeclaredStep, check_decisions
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState, StepState
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.runs.dag_steps import DagSteps, steps_of_dag
from airflow_wfstate.store.steps.lost_attempt import mark_lost
from airflow_wfstate.store.steps.rename import rename_step
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.workflows.change import NewEntry

if TYPE_CHECKING:
    from airflow_wfstate.store.resume.selection import ResumeSelection
    from airflow_wfstate.store.runs.code import RunCodes
    from airflow_wfstate.store.runs.linked_run import LinkedDagRun
    from airflow_wfstate.store.workflows.change import Change

MAY_BE_DONE = (StepState.SUCCEEDED, StepState.LOST, *OPEN_STEP_STATES)
"""States in which a step that no task declares any more is in doubt: its work might be done a second time."""

_UNFINISHED = (StepState.FAILED, StepState.LOST, *OPEN_STEP_STATES)
_OVER = (StepState.SKIPPED, StepState.COMPENSATED)

StepName = tuple[str, str]
"""Participant and name."""

UndoToCome = tuple[str, str, str, str]
"""Participant and name of a step, DAG of its newest attempt, and handler of a compensation that may still run."""


@dataclass(frozen=True)
class Rename:
    """A step that continues under another name.

    :param task_id: the task that declares the new name.
    :param handler: the compensation that the task declares under the new name; None when it declares none.
    """

    participant: str
    old: str
    new: str
    task_id: str
    handler: str | None


@dataclass(frozen=True)
class StepChanges:
    """The changed steps, and what becomes of them.

    :param renames: renames that a person asked for.
    :param declared_renames: renames that the code declares (``was``); the step's next begin carries them out.
    :param closed: the steps that are closed as skipped.
    :param notes: sentences about steps that could no longer be undone.
    :param refusal: why a person must answer something first; None when nothing is in doubt.
    """

    undeclared: list[UndeclaredStep] = field(default_factory=list)
    new: list[NewStep] = field(default_factory=list)
    renames: list[Rename] = field(default_factory=list)
    declared_renames: list[Rename] = field(default_factory=list)
    closed: list[StepRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusal: Refusal | None = None

    @property
    def all_renames(self) -> list[Rename]:
        """The renames of both kinds."""
        return [*self.renames, *self.declared_renames]


def find_step_changes(
    connection: Connection,
    workflow_id: str,
    codes: RunCodes,
    selection: ResumeSelection,
    steps: list[StepRow],
    renames: Mapping[str, str],
    new_steps: Sequence[str],
) -> StepChanges:
    """Compare the steps of the resumed runs with the code that those runs use.

    :raises InvalidRequest: a rename or a new step names no such step.
    """
    check_decisions(renames, new_steps)
    found = _Comparison(steps)
    for run in selection.touched:
        found.compare(codes, selection, run)
    return found.judge(_undos_to_come(connection, workflow_id), renames, new_steps)


def carry_out(change: Change, changes: StepChanges) -> None:
    """Carry out the renames, and close as skipped the steps that were removed before they were done.

    A round that began may have acted, so its compensation stays even when its step is closed.
    """
    for rename in changes.renames:
        rename_step(change, rename.participant, rename.old, rename.new, rename.handler)
    if not changes.closed:
        return
    mark_lost(change, [step for step in changes.closed if step.state in OPEN_STEP_STATES])
    change.update_each(
        schema.step,
        where=[{"id": step.id, "attempt": step.attempt} for step in changes.closed],
        values={"state": StepState.SKIPPED.value, "error": None, "updated_at": change.now},
        from_states=[StepState.FAILED, StepState.LOST],
    )
    change.journal_each(
        EntryKind.STEP_SKIPPED,
        [NewEntry(step.label, step.id, step.attempt, _why_closed(step)) for step in changes.closed],
    )


def _why_closed(step: StepRow) -> dict[str, JsonValue]:
    before = StepState.LOST if step.state in OPEN_STEP_STATES else step.state
    return {"reason": f"Task {step.task_id} was removed from DAG {step.dag_id}.", "was": before.value}


class _Comparison:
    """The steps of a workflow, side by side with those that its runs' code declares."""

    def __init__(self, steps: list[StepRow]) -> None:
        self._by_run: dict[tuple[str, str], list[StepRow]] = {}
        self._names: dict[str, set[str]] = {}
        for step in steps:
            self._by_run.setdefault((step.dag_id, step.run_id), []).append(step)
            self._names.setdefault(step.participant, set()).add(step.name)
        self._undeclared: dict[StepName, list[StepRow]] = {}
        self._new: dict[StepName, str] = {}
        self._declared_renames: list[Rename] = []
        self._declared: dict[str, DagSteps] = {}

    def compare(self, codes: RunCodes, selection: ResumeSelection, run: LinkedDagRun) -> None:
        """Add the steps that a run has done, and those that its code declares."""
        if run.dag_run is None:
            return
        used = self._declared[run.dag_id] = steps_of_dag(codes.dag_of(run.dag_run))
        for step in self._by_run.get(run.key, ()):
            is_at_work = step.state in OPEN_STEP_STATES and not step.holder_is_over
            if step.state in _OVER or is_at_work:
                continue
            if not used.declares(step.name, step.task_id):
                self._undeclared.setdefault((step.participant, step.name), []).append(step)
        begun = self._names.get(run.dag_id, set())
        before = steps_of_dag(codes.began_dag(run.dag_run))
        made = {task.task_id for task in selection.tasks_of(run).tasks}
        for task_id, mark in used.marks.items():
            if mark.name is None or mark.name in begun:
                continue
            former = next((name for name in mark.was if name in begun), None)
            if former is not None:
                self._declared_renames.append(Rename(run.dag_id, former, mark.name, task_id, mark.undo))
        for task_id, mark in used.added_since(before, made).items():
            if mark.name is not None and mark.name not in begun and begun.isdisjoint(mark.was):
                self._new.setdefault((run.dag_id, mark.name), task_id)

    def judge(self, undos: Sequence[UndoToCome], asked: Mapping[str, str], new_steps: Sequence[str]) -> StepChanges:
        """Decide what becomes of each step, given the person's answers.

        :param undos: the compensations to come, as :func:`_undos_to_come` reads them.
        """
        renames = {
            (rename.participant, rename.old): rename for rename in (self._rename(*pair) for pair in asked.items())
        }
        settled = {(rename.participant, rename.new) for rename in renames.values()}
        settled |= {self._new_step(name) for name in new_steps}
        open_questions = {participant for participant, name in self._new.keys() - settled}
        undeclared, closed = [], []
        for key, rows in sorted(self._undeclared.items()):
            fate = _fate(rows, key in renames, key[0] in open_questions)
            if fate is StepFate.CLOSED:
                closed += [step for step in rows if step.state in _UNFINISHED]
            renamed_to = renames[key].new if key in renames else None
            undeclared.append(UndeclaredStep(".".join(key), rows[0].task_id, len(rows), fate, renamed_to))
        return StepChanges(
            undeclared,
            self._new_steps(renames.values()),
            list(renames.values()),
            self._declared_renames,
            closed,
            self._lost_undos(undos, renames),
            self._refusal([step for step in undeclared if step.fate is StepFate.UNDECIDED], settled),
        )

    def _new_steps(self, renames: Iterable[Rename]) -> list[NewStep]:
        former = {(rename.participant, rename.new): f"{rename.participant}.{rename.old}" for rename in renames}
        return [
            NewStep(".".join(key), task_id, renamed_from=former.get(key)) for key, task_id in sorted(self._new.items())
        ]

    def _lost_undos(self, undos: Sequence[UndoToCome], renames: Mapping[StepName, Rename]) -> list[str]:
        """A sentence for each step that could no longer be undone once the runs continue."""
        lost: dict[str, str] = {}
        for participant, name, dag_id, recorded in undos:
            declared = self._declared.get(dag_id)
            rename = renames.get((participant, name))
            handler = (rename and rename.handler) or recorded
            if declared is not None and not declared.has_undo(handler):
                lost.setdefault(f"{participant}.{name}", dag_id)
        return [
            f"Step {name} could no longer be undone: no task of DAG {dag_id} declares the function that undoes it."
            for name, dag_id in lost.items()
        ]

    def _rename(self, old: str, new: str) -> Rename:
        known = [key for key in self._undeclared if old in (f"{key[0]}.{key[1]}", key[1])]
        exact = [key for key in known if f"{key[0]}.{key[1]}" == old] or known
        if not exact:
            undeclared = listed(sorted(f"{participant}.{name}" for participant, name in self._undeclared))
            raise InvalidRequest(
                f"{old[:250]!r} cannot be renamed: it is not a step that has begun and that no task declares any more.",
                f"Steps that can be renamed: {undeclared}.",
            )
        if len(exact) > 1:
            raise InvalidRequest(
                f"Several participants have a step {old[:250]!r} that no task declares any more.",
                f"Give one of: {', '.join(sorted(f'{participant}.{name}' for participant, name in exact))}.",
            )
        participant, name = exact[0]
        for wanted in (new, new.removeprefix(f"{participant}.")):
            if (participant, wanted) in self._new:
                task_id = self._new[participant, wanted]
                undo = self._declared[participant].marks[task_id].undo
                return Rename(participant, name, wanted, task_id, undo)
        declared = listed(sorted(other for dag_id, other in self._new if dag_id == participant))
        raise InvalidRequest(
            f"Step {participant}.{name} cannot be renamed: {new[:250]!r} is not a new step of DAG {participant}.",
            f"Its new steps: {declared}. Steps that have begun under both names stay separate.",
        )

    def _new_step(self, name: str) -> StepName:
        found = [key for key in self._new if name in (f"{key[0]}.{key[1]}", key[1])]
        exact = [key for key in found if f"{key[0]}.{key[1]}" == name] or found
        if len(exact) == 1:
            return exact[0]
        declared = listed(sorted(f"{participant}.{other}" for participant, other in self._new))
        what = "is not a new step of the code in use" if not exact else "is a new step of several DAGs"
        raise InvalidRequest(f"{name[:250]!r} {what}.", f"New steps: {declared}.")

    def _refusal(self, undecided: list[UndeclaredStep], settled: set[StepName]) -> Refusal | None:
        if not undecided:
            return None
        participants = {step.step for step in undecided}
        new = sorted(
            name
            for participant, name in self._new.keys() - settled
            if any(step.startswith(f"{participant}.") for step in participants)
        )
        named = listed([step.step for step in undecided])
        are = "is done but no longer declared" if len(undecided) == 1 else "are done but no longer declared"
        return Refusal(
            f"{named} {are}, while {', '.join(new)} {'is' if len(new) == 1 else 'are'} new. This looks like a "
            "rename; if it is, the work would be done a second time.",
            f"Say which it is: --rename {undecided[0].step}={new[0]} for the same step under another name, or "
            f"--new {new[0]} for different work (you may give each several times).",
        )


def _fate(rows: list[StepRow], is_renamed: bool, has_new_beside: bool) -> StepFate:
    if is_renamed:
        return StepFate.RENAMED
    if has_new_beside and any(step.state in MAY_BE_DONE for step in rows):
        return StepFate.UNDECIDED
    return StepFate.CLOSED if any(step.state in _UNFINISHED for step in rows) else StepFate.STAYS


def _undos_to_come(connection: Connection, workflow_id: str) -> Sequence[UndoToCome]:
    """The undos of a workflow that may still be run, each once however many items share it.

    In the order in which the steps first began.
    """
    compensation, step, attempt = schema.compensation, schema.step, schema.attempt
    columns = (step.c.participant, step.c.name, attempt.c.dag_id, compensation.c.handler)
    over = [CompensationState.DONE.value, CompensationState.SKIPPED.value]
    rows = connection.execute(
        select(*columns)
        .select_from(compensation)
        .join(step, step.c.id == compensation.c.step_id)
        .join(attempt, (attempt.c.step_id == step.c.id) & (attempt.c.number == step.c.attempt))
        .where(compensation.c.workflow_id == workflow_id, compensation.c.state.not_in(over))
        .group_by(*columns)
        .order_by(func.min(step.c.started_at), *columns)
    )
    return [(row.participant, row.name, row.dag_id, row.handler) for row in rows]
