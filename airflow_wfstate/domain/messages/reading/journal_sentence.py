"""Describe a journal entry in one sentence, for the page, the command line, the API and exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.text.counted import counted

_PEOPLE: Final = ("user:", "cli:")
"""The prefixes of actors who are people."""


_MAX_WORDS: Final = 300
"""The most characters of an error or a reason; the entry's details have the full text."""


def sentence_of(kind: EntryKind, step: str | None, attempt: int | None, actor: str, data: Mapping[str, object]) -> str:
    """Describe an entry in English.

    Details that an entry of an older version lacks are left out.

    :param step: the current name of the step.
    :param actor: the actor in the journal's form. People are named in the sentence, tasks and the sweep are not.
    """
    return _SENTENCES[kind](_Entry(step or "A step", attempt, actor, data, has_step=step is not None))


@dataclass(frozen=True)
class _Entry:
    step: str
    attempt: int | None
    actor: str
    data: Mapping[str, object]
    has_step: bool

    def text(self, name: str) -> str:
        """A text from the details; empty if there is none."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """A number from the details, or the length of a list; 0 if there is none."""
        value = self.data.get(name)
        if isinstance(value, list):
            return len(value)
        return value if isinstance(value, int) else 0

    def event(self, name: str) -> str:
        """A text from the entry's event; empty if there is none."""
        event = self.data.get("event")
        value = event.get(name) if isinstance(event, Mapping) else None
        return value if isinstance(value, str) else ""

    @property
    def person(self) -> str:
        """The name of the person who did it; empty if no person did."""
        return next((self.actor.removeprefix(way) for way in _PEOPLE if self.actor.startswith(way)), "")

    @property
    def try_(self) -> str:
        """``, attempt 2`` and ``, round 2``: left out for the first."""
        parts = [("attempt", self.attempt or 1), ("round", self.number("round") or 1)]
        return "".join(f", {noun} {number}" for noun, number in parts if number > 1)


def _ended(sentence: str, words: str) -> str:
    """The sentence, followed by the most informative line of a text after a colon, or by a full stop."""
    lines = words.strip().splitlines() or [""]
    line = (lines[-1] if lines[0].startswith("Traceback") else lines[0]).strip()
    if len(line) > _MAX_WORDS:
        line = f"{line[:_MAX_WORDS]}..."
    if not line:
        return f"{sentence}."
    return f"{sentence}: {line}" if line[-1] in ".!?" else f"{sentence}: {line}."


def _started(entry: _Entry) -> str:
    generation = entry.number("generation")
    how = " with its first step" if entry.data.get("implicit") else ""
    how = f" by an event of {entry.event('source')}" if entry.event("source") else how
    return f"The workflow started{how}{f', generation {generation}' if generation > 1 else ''}."


def _resumed(entry: _Entry) -> str:
    if entry.text("by") in ("resume", "restart"):
        return _resumed_by_person(entry, "resumed")
    return _ended("The workflow was resumed", entry.text("cause"))


def _reopened(entry: _Entry) -> str:
    if entry.text("by"):
        return _resumed_by_person(entry, "reopened")
    return "The workflow, which had succeeded, was reopened: one of its tasks was cleared."


def _resumed_by_person(entry: _Entry, verb: str) -> str:
    """For a resume, a restart, and a restart of what had succeeded."""
    from_step, tasks = entry.text("from_step"), entry.number("cleared_tasks")
    if from_step and verb == "resumed":
        verb = "restarted"
    what = f"{entry.person or 'Someone'} {verb} the workflow{f' from {from_step}' if from_step else ''}"
    again = f" ({counted(tasks, 'task')} to run again)" if tasks else ""
    definition = entry.data.get("definition")
    number = definition.get("number") if isinstance(definition, Mapping) else None
    adopted = f", with version {number} of its definition" if number else ""
    return _ended(f"{what}{again}{adopted}", entry.text("reason"))


def _succeeded(entry: _Entry) -> str:
    missing = entry.number("not_reached")
    left = f" ({counted(missing, 'planned step')} not reached)" if missing else ""
    return _ended(f"The workflow succeeded{left}", entry.text("cause"))


def _compensating(entry: _Entry) -> str:
    by, undos = entry.text("by"), entry.number("undos_armed")
    many = f" ({counted(undos, 'step')} to undo)" if undos else ""
    if by in ("retry", "skip", "done"):
        return _ended(f"The compensation continues after {entry.person or 'someone'} decided", entry.text("reason"))
    if by == "answer":
        return "The compensation continues: the service has answered."
    if by == "deadline":
        return _ended(f"The compensation of the workflow began{many}", entry.text("reason"))
    if by:
        verb = "cancelled the workflow and began" if by == "cancel" else "began"
        return _ended(f"{entry.person or 'Someone'} {verb} its compensation{many}", entry.text("reason"))
    return f"The compensation of the workflow began{many}."


def _compensated(entry: _Entry) -> str:
    if entry.text("outcome"):
        return _ended("The workflow is compensated", entry.text("outcome"))
    counts = [("undone", entry.number("undos_done")), ("skipped", entry.number("undos_skipped"))]
    told = ", ".join(f"{counted(count, 'step')} {word}" for word, count in counts if count)
    return _ended("The workflow is compensated", told)


def _cancelled(entry: _Entry) -> str:
    tasks = entry.number("failed_tasks")
    stopped = f" ({counted(tasks, 'task')} set to failed)" if tasks else ""
    if entry.person:
        return _ended(f"{entry.person} cancelled the workflow{stopped}", entry.text("reason"))
    return _ended(f"The workflow was cancelled{stopped}", entry.text("reason"))


def _linked(entry: _Entry) -> str:
    run = f"{entry.text('run_id')} of DAG {entry.text('dag_id')}"
    if entry.text("role") == RunRole.CHILD.value:
        return f"A step is about to trigger run {run}."  # a child is linked before it exists
    return f"Run {run} joined as {entry.text('role') or RunRole.GUEST.value}."


def _step_skipped(entry: _Entry) -> str:
    if entry.data.get("by_hand"):
        return f"{entry.text('person') or 'Someone'} marked the task of {entry.step} as success: it counts as skipped."
    return _ended(f"{entry.step} was skipped", entry.text("reason") or entry.text("error"))


def _step_lost(entry: _Entry) -> str:
    error = entry.text("error") or "its task ended without saying how"
    return _ended(f"{entry.step} is lost{entry.try_}", error)


def _renamed(entry: _Entry) -> str:
    items = entry.number("items")
    many = f" ({counted(items, 'item')})" if items > 1 else ""
    return f"Step {entry.text('from')} continues as {entry.text('to')}{many}."


def _noted(entry: _Entry) -> str:
    about = f" about {entry.step}" if entry.has_step else ""
    return _ended(f"The event {entry.event('type')}{about} changed nothing", entry.text("reason"))


def _decided(what: str) -> Callable[[_Entry], str]:
    def sentence(entry: _Entry) -> str:
        return _ended(f"{entry.person or 'Someone'} {what.format(step=entry.step)}", entry.text("reason"))

    return sentence


def _undone(entry: _Entry) -> str:
    if entry.data.get("by_hand"):
        return _decided("marked the compensation of {step} as done")(entry)
    by = " by its service, as requested" if entry.event("type") else ""
    return f"{entry.step} was undone{by}{entry.try_}."


def _undo_began(entry: _Entry) -> str:
    handler = entry.text("handler")
    return f"The compensation of {entry.step} began{f' by {handler}' if handler else ''}{entry.try_}."


def _turn(entry: _Entry) -> str:
    return f"The turn to undo {entry.step} went to run {entry.text('run_id')} of DAG {entry.text('dag_id')}."


def _overdue(entry: _Entry) -> str:
    policy = entry.text("policy")
    what = "" if policy in ("", "flag") else f" Its policy is to {policy} the workflow."
    return f"The deadline {entry.text('deadline')} passed.{what}"


def _failed(what: str, detail: str) -> Callable[[_Entry], str]:
    return lambda entry: _ended(f"{what.format(step=entry.step, tried=entry.try_)}", entry.text(detail))


_SENTENCES: Final[Mapping[EntryKind, Callable[[_Entry], str]]] = {
    EntryKind.WORKFLOW_STARTED: _started,
    EntryKind.WORKFLOW_RESUMED: _resumed,
    EntryKind.WORKFLOW_REOPENED: _reopened,
    EntryKind.WORKFLOW_SUCCEEDED: _succeeded,
    EntryKind.WORKFLOW_FAILED: _failed("The workflow failed", "error"),
    EntryKind.WORKFLOW_COMPENSATING: _compensating,
    EntryKind.WORKFLOW_COMPENSATED: _compensated,
    EntryKind.WORKFLOW_COMPENSATION_FAILED: _failed("The compensation of the workflow failed", "hold_reason"),
    EntryKind.WORKFLOW_OVERDUE: _overdue,
    EntryKind.WORKFLOW_CANCELLED: _cancelled,
    EntryKind.RUN_LINKED: _linked,
    EntryKind.STEP_BEGAN: lambda entry: f"{entry.step} began{entry.try_}.",
    EntryKind.STEP_WAITING: lambda entry: f"{entry.step} waits{entry.try_}: its task is deferred.",
    EntryKind.STEP_CONTINUED: lambda entry: f"{entry.step} continues after its wait{entry.try_}.",
    EntryKind.STEP_ANSWERED: lambda entry: (
        f"{entry.step} was answered from outside, by a token of its wait {entry.text('wait')}."
    ),
    EntryKind.STEP_SUCCEEDED: lambda entry: f"{entry.step} succeeded{entry.try_}.",
    EntryKind.STEP_FAILED: _failed("{step} failed{tried}", "error"),
    EntryKind.STEP_SKIPPED: _step_skipped,
    EntryKind.STEP_LOST: _step_lost,
    EntryKind.STEP_RENAMED: _renamed,
    EntryKind.STEP_COMPENSATED: lambda entry: f"{entry.step} was undone by its service{entry.try_}.",
    EntryKind.EVENT_NOTED: _noted,
    EntryKind.TURN_GIVEN: _turn,
    EntryKind.COMPENSATION_BEGAN: _undo_began,
    EntryKind.COMPENSATION_DONE: _undone,
    EntryKind.COMPENSATION_NOT_NEEDED: _failed("The compensation of {step} found nothing to undo", "reason"),
    EntryKind.COMPENSATION_ATTEMPT_FAILED: _failed(
        "The compensation of {step} failed{tried} and will be retried", "error"
    ),
    EntryKind.COMPENSATION_FAILED: _failed("The compensation of {step} failed{tried}", "error"),
    EntryKind.COMPENSATION_RETRIED: _decided("requested a retry of the compensation of {step}"),
    EntryKind.COMPENSATION_SKIPPED: _decided("skipped the compensation of {step}"),
}
