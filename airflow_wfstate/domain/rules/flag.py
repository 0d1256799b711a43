"""Flags: why an open workflow makes no progress, or needs attention.

Flags that follow from the workflow's own row are computed when they are read, and are always current. The sweep finds
the others in Airflow's tables, and sets and removes them. A stored flag is shown only in the states that its kind
allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.error_line import error_line


class FlagKind(str, Enum):
    """The kind of cause of a flag.

    ``overdue``: the deadline has passed. ``held``: it or a compensation failed, and an operator must decide.
    ``child_lost``: a run that it waits for is gone. ``upstream_failed``: a task will never run because an upstream task
    failed. ``queued``: a task has waited too long to be started by Airflow. ``slow``: a step has been running without a
    checkpoint or heartbeat for longer than usual. ``not_completed``: its runs ended well, but it was never completed.
    ``turn_not_taken``: a relay has the turn to compensate, but does not run. ``waits_for_service``: a service has not
    reported for longer than usual, either on its own step or on a requested undo.
    """

    OVERDUE = "overdue"
    HELD = "held"
    CHILD_LOST = "child_lost"
    UPSTREAM_FAILED = "upstream_failed"
    QUEUED = "queued"
    SLOW = "slow"
    NOT_COMPLETED = "not_completed"
    TURN_NOT_TAKEN = "turn_not_taken"
    WAITS_FOR_SERVICE = "waits_for_service"


_W = WorkflowState

FLAG_STATES: Final[Mapping[FlagKind, tuple[WorkflowState, ...]]] = {
    FlagKind.OVERDUE: (_W.RUNNING, _W.FAILED),
    FlagKind.HELD: (_W.FAILED, _W.COMPENSATION_FAILED),
    FlagKind.CHILD_LOST: (_W.RUNNING,),
    FlagKind.UPSTREAM_FAILED: (_W.RUNNING,),
    FlagKind.QUEUED: (_W.RUNNING,),
    FlagKind.SLOW: (_W.RUNNING,),
    FlagKind.NOT_COMPLETED: (_W.RUNNING,),
    FlagKind.TURN_NOT_TAKEN: (_W.COMPENSATING,),
    FlagKind.WAITS_FOR_SERVICE: (_W.RUNNING, _W.COMPENSATING),
}
"""The states in which a workflow may have a flag of each kind. In any other state it would be contradictory."""

COMPUTED_FLAGS: Final = (FlagKind.OVERDUE, FlagKind.HELD)
"""These are computed from the workflow's row and never stored."""


def kinds_in(state: WorkflowState) -> list[FlagKind]:
    """The kinds of stored flags that a workflow in this state may have, in order of declaration."""
    return [kind for kind, states in FLAG_STATES.items() if state in states and kind not in COMPUTED_FLAGS]


@dataclass(frozen=True)
class Flag:
    """One cause, found in the workflow's row or in Airflow's tables.

    :param cause: the cause in one sentence, for people.
    :param since: when it began, if that is known; otherwise when the sweep first saw it.
    :param owner: Airflow's owner of the DAG, or the sender for a service; None if it is not known.
    :param command: a command that would help, ready to be pasted.
    """

    kind: FlagKind
    cause: str
    since: datetime
    owner: str | None
    command: str


@dataclass(frozen=True)
class FlaggedRow:
    """The data from which a workflow's computed flags are derived.

    :param state_changed_at: when it entered its state; None if that is not known.
    :param owner: Airflow's owner of the DAG that started it; None if it is not known.
    """

    id: str
    state: WorkflowState
    error: str | None
    hold_reason: str | None
    state_changed_at: datetime | None
    updated_at: datetime
    deadline_at: datetime | None
    owner: str | None


def computed_flags(row: FlaggedRow, now: datetime) -> list[Flag]:
    """The flags computed from a workflow's row at the time ``now``, in order of declaration."""
    return [flag for flag in (_overdue(row, now), _held(row)) if flag is not None]


def _overdue(row: FlaggedRow, now: datetime) -> Flag | None:
    if row.state not in FLAG_STATES[FlagKind.OVERDUE] or row.deadline_at is None or row.deadline_at > now:
        return None
    command = (
        f"airflow wfstate resume {row.id} --deadline 4h"
        if row.state is WorkflowState.FAILED
        else f"airflow wfstate cancel {row.id} --compensate"
    )
    cause = f"Its deadline passed at {row.deadline_at.isoformat(timespec='seconds')}, and it is {row.state.value}."
    return Flag(FlagKind.OVERDUE, cause, row.deadline_at, row.owner, command)


def _held(row: FlaggedRow) -> Flag | None:
    if row.state not in FLAG_STATES[FlagKind.HELD]:
        return None
    is_failed = row.state is WorkflowState.FAILED
    what = "It failed" if is_failed else "A compensation failed"
    reasons = "; ".join(error_line(reason).rstrip(".") for reason in (row.error, row.hold_reason) if reason)
    command = f"airflow wfstate {'resume' if is_failed else 'compensate'} {row.id}"
    since = row.state_changed_at or row.updated_at
    return Flag(FlagKind.HELD, f"{what}: {reasons or 'no reason is stored'}.", since, row.owner, command)
