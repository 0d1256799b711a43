"""The plan of a workflow, and its progress.

Planned steps that have not begun are computed here, never stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState
from airflow_wfstate.domain.rules.step_name import NOWHERE, Place, StepName
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidName

MAX_PLAN_ENTRIES: Final = 1000
"""The most entries in one plan."""

MAX_PARTICIPANTS: Final = 1000
"""The most DAGs that one definition allows to join."""


@dataclass(frozen=True)
class PlannedStep:
    """A begun step for the plan: one that is not mapped, or the items of a mapped step that are in one state.

    :param items: how many items there are.
    """

    participant: str
    name: str
    state: StepState
    place: Place = NOWHERE
    items: int = 1

    @property
    def called(self) -> StepName:
        """The name of the step, without an item."""
        return StepName(self.participant, self.name, place=self.place)


@dataclass(frozen=True)
class ItemCounts:
    """The progress of a workflow, counting each item of a mapped step.

    :param remaining: planned steps that have not begun, each counted once, since their number of items is not known
        yet.
    """

    done: int
    running: int
    failed: int
    compensated: int
    remaining: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.done + self.running + self.failed + self.compensated + self.remaining


@dataclass(frozen=True)
class Progress:
    """The progress of a workflow.

    Each list holds entries of the plan in the plan's order, followed by begun steps that the plan does not name
    (as ``participant.step``, or ``participant[place].step`` where the participant has several places). An entry of a
    mapped step is done when all its begun items are, an entry ``participant.step`` when it is at all places.

    :param done: succeeded or skipped.
    :param running: running or waiting.
    :param failed: failed or lost.
    :param compensated: undone, completely or partly.
    :param remaining: planned, but not begun.
    """

    done: list[str]
    running: list[str]
    failed: list[str]
    compensated: list[str]
    remaining: list[str]

    @property
    def total(self) -> int:
        """Entries altogether."""
        buckets = (self.done, self.running, self.failed, self.compensated, self.remaining)
        return sum(len(bucket) for bucket in buckets)


def check_plan(entries: Sequence[str]) -> list[str]:
    """Check that every entry of the plan is a name and none is listed twice, and return the plan.

    :raises InvalidName: this is not the case, or there are more than :data:`MAX_PLAN_ENTRIES`.
    """
    if len(entries) > MAX_PLAN_ENTRIES:
        raise InvalidName(
            f"The plan has {len(entries)} entries; at most {MAX_PLAN_ENTRIES} are allowed.",
            "List each step once; a mapped step is one entry, however many items it has.",
        )
    seen: set[str] = set()
    for entry in entries:
        if check_name("plan entry", entry) in seen:
            raise InvalidName(
                f"The plan names {entry!r} twice.",
                "List each step once. If two DAGs have a step of that name, write participant.step.",
            )
        seen.add(entry)
    return list(entries)


def progress(plan: Sequence[str], steps: Iterable[PlannedStep]) -> Progress:
    """The progress of a workflow with this plan and these begun steps.

    A step belongs to the entry ``participant[place].name`` if the plan has it, otherwise to ``participant.name``,
    otherwise to ``name``.
    """
    begun: dict[str, list[StepState]] = {}
    planned = set(plan)
    for step in steps:
        forms = step.called.forms(with_item=False)
        entry = next((form for form in forms if form in planned), step.called.qualified)
        begun.setdefault(entry, []).append(step.state)
    result = Progress(done=[], running=[], failed=[], compensated=[], remaining=[])
    for entry in [*plan, *sorted(begun.keys() - planned)]:
        _bucket(result, begun.get(entry, [])).append(entry)
    return result


def count_items(plan: Sequence[str], steps: Sequence[PlannedStep]) -> ItemCounts:
    """Count the progress of a workflow with this plan and these begun steps."""

    def of(*states: StepState) -> int:
        return sum(step.items for step in steps if step.state in states)

    return ItemCounts(
        done=of(StepState.SUCCEEDED, StepState.SKIPPED),
        running=of(*OPEN_STEP_STATES),
        failed=of(StepState.FAILED, StepState.LOST),
        compensated=of(StepState.COMPENSATED),
        remaining=len(progress(plan, steps).remaining),
    )


def _bucket(result: Progress, states: list[StepState]) -> list[str]:
    if not states:
        return result.remaining
    if any(state in OPEN_STEP_STATES for state in states):
        return result.running
    if all(state in (StepState.SUCCEEDED, StepState.SKIPPED) for state in states):
        return result.done
    if any(state in (StepState.FAILED, StepState.LOST) for state in states):
        return result.failed
    return result.compensated
