"""A flag: why an open workflow makes no progress, or needs a person. The sweep sets them, and takes them away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class FlagKind(str, Enum):
    """What kind of cause a flag names.

    ``overdue``: the deadline has passed. ``held``: it failed, or a compensation did, and a person must decide.
    ``child_lost``: a run that it waits for is gone. ``upstream_failed``: a task will never run, because one before it
    failed. ``queued``: a task waits too long for its turn at Airflow. ``slow``: a step is at work, and longer without
    checkpoint or heartbeat than it usually takes. ``not_completed``: its runs ended well, and it was never completed.
    ``turn_not_taken``: a relay has the turn to compensate, and does not run.
    """

    OVERDUE = "overdue"
    HELD = "held"
    CHILD_LOST = "child_lost"
    UPSTREAM_FAILED = "upstream_failed"
    QUEUED = "queued"
    SLOW = "slow"
    NOT_COMPLETED = "not_completed"
    TURN_NOT_TAKEN = "turn_not_taken"


@dataclass(frozen=True)
class Flag:
    """One cause, as Airflow's own tables show it.

    :param cause: one sentence, for people.
    :param since: when it came to be so, as far as that is known; else when the sweep first saw it.
    :param owner: of the DAG concerned, as Airflow's tables name it; None when that is not known.
    :param command: that would help, to be typed as it stands.
    """

    kind: FlagKind
    cause: str
    since: datetime
    owner: str | None
    command: str
