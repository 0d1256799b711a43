"""What a pass of the sweep did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SweepReport:
    """What a pass did, counted in workflows (and relays).

    :param swept: False when another pass holds the lease: nothing was done.
    :param lost: with an attempt that was marked as lost.
    :param failed: that failed, because a run that decides did.
    :param succeeded: implicit ones whose runs ended well.
    :param deadlines: whose deadline has passed, and was acted upon.
    :param turns: in which a compensation got its turn.
    :param relays: relays that were cleared, so that they run again.
    :param flagged: whose flags were set, changed or taken away.
    """

    swept: bool
    lost: int = 0
    failed: int = 0
    succeeded: int = 0
    deadlines: int = 0
    turns: int = 0
    relays: int = 0
    flagged: int = 0
