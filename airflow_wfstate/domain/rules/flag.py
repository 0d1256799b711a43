"""A flag: why an open workflow makes no progress, or needs a person.

What follows from the workflow's own row is computed when somebody looks, and is true at that moment. The sweep finds
the rest in Airflow's tables, sets it and takes it away; a stored flag is shown only in the states of its kind.
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
    """What kind of cause a flag names.

    ``overdue``: the deadline has passed. ``held``: it failed, or a compensation did, and a person must decide.
    ``child_lost``: a run that it waits for is gone. ``upstream_failed``: a task will never run, because one before it
    failed. ``queued``: a task waits too long for its turn at Airflow. ``slow``: a step is at work, and longer without
    checkpoint or heartbeat than it usually takes. ``not_completed``: its runs ended well, and it was never completed.
    ``turn_not_taken``: a relay has the turn to compensate, and does not run. ``waits_for_service``: a service has not
    reported for longer than it usually takes: on a step of its own, or on an undo that it was asked for.
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
"""The states in which a workflow may have a flag of each kind; in any other it would contradict the state."""

COMPUTED_FLAGS: Final = (FlagKind.OVERDUE, FlagKind.HELD)
"""These follow from the workflow's row, and are never stored."""


def kinds_in(state: WorkflowState) -> list[FlagKind]:
    """The kinds of stored flags that a workflow in this state may have, in order of declaration."""
    return [kind for kind, states in FLAG_STATES.items() if state in states and kind not in COMPUTED_FLAGS]


@dataclass(frozen=True)
class Flag:
    """One cause, as the workflow's row or Airflow's tables show it.

    :param cause: one sentence, for people.
    :param since: when it came to be so, as far as that is known; else when the sweep first saw it.
    :param owner: of the DAG concerned, as Airflow's tables name it; of a service, who sends for it; None when that is
        not known.
    :param command: that would help, to be typed as it stands.
    """

    kind: FlagKind
    cause: str
    since: datetime
    owner: str | None
    command: str


@dataclass(frozen=True)
class FlaggedRow:
    """What the computed flags of a workflow follow from.

    :param state_changed_at: since when it is in its state; None when that is not known.
    :param owner: of the DAG that started it; None when that is not known.
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
    """The flags that follow from a workflow's row at the time ``now``, in order of declaration."""
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
