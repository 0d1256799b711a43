"""What a wait can be for, and whether that can still happen."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from typing import Final

from airflow_wfstate.domain.rules.states import (
    FINAL_WORKFLOW_STATES,
    OPEN_STEP_STATES,
    State,
    StepState,
    WorkflowState,
    successors,
)

_W, _S = WorkflowState, StepState


class WaitKind(str, Enum):
    """What a wait is for.

    ``workflow``: one of several states of a workflow. ``step``: one of several states of a step. ``event``: an event of
    a service. ``token``: an external partner with a one-time URL.
    """

    WORKFLOW = "workflow"
    STEP = "step"
    EVENT = "event"
    TOKEN = "token"  # noqa: S105 - no secret


class WaitOutcome(str, Enum):
    """How a wait ended.

    ``arrived``: it happened. ``impossible``: it can no longer happen. ``expired``: it did not happen in time.
    """

    ARRIVED = "arrived"
    IMPOSSIBLE = "impossible"
    EXPIRED = "expired"


GOING_ON: Final = (_W.RUNNING, _W.FAILED)
"""States of a workflow in which steps may still begin: at once, or after a resume."""

_LEFT_ON_REQUEST: Final = frozenset({_W.SUCCEEDED, _S.SUCCEEDED, _S.SKIPPED})
"""States that are ends unless somebody clears a task, reopens the workflow or has it undone: a wait does not count on
it."""


def can_still_become(state: State, targets: Collection[State]) -> bool:
    """Whether a workflow or a step in this state is in one of the targets, or may come to be without a reopening."""
    seen: set[State] = set()
    pending = [state]
    while pending:
        found = pending.pop()
        if found in targets:
            return True
        if found not in seen:
            seen.add(found)
            pending += () if found in _LEFT_ON_REQUEST else successors(found)
    return False


def step_can_still_become(workflow: WorkflowState, step: StepState | None, targets: Collection[StepState]) -> bool:
    """Whether a step of a workflow is in one of the targets, or may come to be without a reopening.

    :param step: None for one that has not begun.
    """
    if step in targets:
        return True
    if workflow in GOING_ON:
        return step is None or can_still_become(step, targets)
    reachable: set[StepState] = set()
    if step in OPEN_STEP_STATES:  # a running step will still report how it ended
        reachable |= {_S.SUCCEEDED, _S.FAILED, _S.SKIPPED, _S.LOST}
    if step is not None and workflow not in (_W.SUCCEEDED, *FINAL_WORKFLOW_STATES):
        reachable.add(_S.COMPENSATED)
    return not reachable.isdisjoint(targets)


def waking_states(targets: Collection[State]) -> list[State]:
    """The states that end a wait for the targets: they themselves, and those from which none of them is reached."""
    kind: type[State] = type(next(iter(targets)))
    return [state for state in kind if state in targets or not can_still_become(state, targets)]


def states_of(kind: type[State], names: Iterable[str]) -> list[State]:
    """The states with these names, each once, in order of declaration.

    :raises ValueError: one of the names is not that of a state; its text is that name.
    """
    known = {state.value for state in kind}
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise ValueError(str(name))
    return [state for state in kind if state.value in wanted]
