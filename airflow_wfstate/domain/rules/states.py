"""The three state machines, as explicit pairs.

Everything that depends on transitions is derived from these tables: the guards in the store's SQL, the CHECK
constraints, the actions that the API allows, the diagrams in docs/reference/states.md and the property tests.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar


class WorkflowState(str, Enum):
    """What a workflow is doing, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    COMPENSATION_FAILED = "compensation_failed"
    CANCELLED = "cancelled"


class StepState(str, Enum):
    """What the newest attempt of a step is doing, or how the step ended."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    LOST = "lost"
    COMPENSATED = "compensated"


class CompensationState(str, Enum):
    """The state of the compensation of one round."""

    ARMED = "armed"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    DISCARDED = "discarded"
    NOT_NEEDED = "not_needed"


State = TypeVar("State", WorkflowState, StepState, CompensationState)

_W, _S, _C = WorkflowState, StepState, CompensationState

WORKFLOW_TRANSITIONS: Final[frozenset[tuple[WorkflowState, WorkflowState]]] = frozenset(
    {
        (_W.RUNNING, _W.SUCCEEDED),
        (_W.RUNNING, _W.FAILED),
        (_W.RUNNING, _W.CANCELLED),
        (_W.RUNNING, _W.COMPENSATING),
        (_W.FAILED, _W.RUNNING),  # resume, or an Airflow clear
        (_W.FAILED, _W.COMPENSATING),
        (_W.FAILED, _W.CANCELLED),
        (_W.COMPENSATING, _W.COMPENSATED),
        (_W.COMPENSATING, _W.COMPENSATION_FAILED),
        (_W.COMPENSATION_FAILED, _W.COMPENSATING),  # an operator decided about each failed compensation
        (_W.COMPENSATION_FAILED, _W.CANCELLED),  # given up
        (_W.SUCCEEDED, _W.RUNNING),  # reopen
        (_W.SUCCEEDED, _W.COMPENSATING),  # a user, or a parent
    }
)

STEP_TRANSITIONS: Final[frozenset[tuple[StepState, StepState]]] = frozenset(
    {
        (_S.RUNNING, _S.WAITING),
        (_S.WAITING, _S.RUNNING),
        (_S.RUNNING, _S.SUCCEEDED),
        (_S.RUNNING, _S.FAILED),
        (_S.RUNNING, _S.SKIPPED),
        (_S.RUNNING, _S.LOST),
        (_S.WAITING, _S.SUCCEEDED),
        (_S.WAITING, _S.FAILED),
        (_S.WAITING, _S.SKIPPED),
        (_S.WAITING, _S.LOST),
        (_S.FAILED, _S.RUNNING),  # the next attempt
        (_S.FAILED, _S.SKIPPED),  # manually marked as success
        (_S.FAILED, _S.COMPENSATED),
        (_S.LOST, _S.RUNNING),  # the next attempt
        (_S.LOST, _S.SKIPPED),  # manually marked as success
        (_S.LOST, _S.COMPENSATED),
        (_S.LOST, _S.SUCCEEDED),  # its newest attempt did finish, and no compensation has begun
        (_S.LOST, _S.FAILED),  # its newest attempt reports late that it failed
        (_S.SKIPPED, _S.RUNNING),  # a skipped task was cleared: the next attempt
        (_S.SKIPPED, _S.SUCCEEDED),  # manually marked as success; its process reports, late, that it succeeded
        (_S.SKIPPED, _S.COMPENSATED),  # manually marked as success, and undone
        (_S.SUCCEEDED, _S.RUNNING),  # the next round
        (_S.SUCCEEDED, _S.COMPENSATED),
    }
)

COMPENSATION_TRANSITIONS: Final[frozenset[tuple[CompensationState, CompensationState]]] = frozenset(
    {
        (_C.ARMED, _C.RUNNING),
        (_C.ARMED, _C.DISCARDED),
        (_C.ARMED, _C.NOT_NEEDED),
        (_C.ARMED, _C.SKIPPED),
        (_C.ARMED, _C.DONE),  # by a person, or by its service unasked
        (_C.ARMED, _C.FAILED),  # its service cannot be asked, and the workflow is compensated already
        (_C.DISCARDED, _C.ARMED),  # reopened, or a person compensates
        (_C.DISCARDED, _C.DONE),  # by its service, unasked
        (_C.RUNNING, _C.RUNNING),  # the next attempt
        (_C.RUNNING, _C.DONE),
        (_C.RUNNING, _C.FAILED),
        (_C.RUNNING, _C.SKIPPED),  # by a person, between two attempts
        (_C.RUNNING, _C.NOT_NEEDED),  # its handler found that there is nothing to undo
        (_C.FAILED, _C.RUNNING),
        (_C.FAILED, _C.SKIPPED),
        (_C.FAILED, _C.DONE),  # by a person, or by its service after its time
    }
)

OPEN_WORKFLOW_STATES: Final = (
    _W.RUNNING,
    _W.FAILED,
    _W.COMPENSATING,
    _W.COMPENSATION_FAILED,
)
"""The open states. At most one generation of a key is in one of them."""

WORKING_WORKFLOW_STATES: Final = (_W.RUNNING, _W.COMPENSATING)
"""A workflow in any other state changes only if someone acts on it, or a late task reports."""

FINAL_WORKFLOW_STATES: Final = (_W.COMPENSATED, _W.CANCELLED)
"""Final states. Starting the key again creates the next generation."""

UNSUCCESSFUL_WORKFLOW_STATES: Final = (_W.FAILED, _W.COMPENSATING, _W.COMPENSATED, _W.COMPENSATION_FAILED)
"""The workflow did not achieve its goal: it failed, or was undone. Running and cancelled ones do not count."""

OPEN_STEP_STATES: Final = (_S.RUNNING, _S.WAITING)
"""An attempt is open."""

UNSETTLED_COMPENSATION_STATES: Final = (_C.ARMED, _C.RUNNING, _C.FAILED)
"""Something may still have to be undone."""

_TABLES: Final[dict[type[Enum], frozenset[tuple[Enum, Enum]]]] = {
    WorkflowState: frozenset(WORKFLOW_TRANSITIONS),
    StepState: frozenset(STEP_TRANSITIONS),
    CompensationState: frozenset(COMPENSATION_TRANSITIONS),
}


def may_become(state: State, target: State) -> bool:
    """Whether the state's own table contains the pair ``(state, target)``."""
    return (state, target) in _TABLES[type(state)]


def predecessors(target: State) -> tuple[State, ...]:
    """The states that may become ``target``, in order of declaration, as needed by a guarded UPDATE."""
    return tuple(state for state in type(target) if may_become(state, target))


def successors(state: State) -> tuple[State, ...]:
    """The states that ``state`` may become, in order of declaration; empty for a final state."""
    return tuple(target for target in type(state) if may_become(state, target))
