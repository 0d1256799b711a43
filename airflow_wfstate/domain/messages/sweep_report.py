"""A pass of the sweep: the wish for one, and what it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StartSweep:
    """The wish for a pass now.

    :param actor: who asks: ``cli:name``. Over HTTP it is the user whom the token names, whatever stands here.
    :param idempotency_key: sent again with the same body, the pass is not made again and its report is the answer; None
        for a new pass each time.
    """

    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class SweepReport:
    """What a pass did, counted in workflows (relays, files).

    :param swept: False when another pass holds the lease: nothing was done.
    :param lost: with an attempt that was marked as lost.
    :param failed: that failed, because a run that decides did.
    :param succeeded: implicit ones whose runs ended well.
    :param deadlines: whose deadline has passed, and was acted upon.
    :param turns: in which a compensation got its turn.
    :param relays: relays that were cleared, so that they run again.
    :param flagged: whose flags were set, changed or taken away.
    :param events: that had waited for their workflow, and were applied.
    :param files: of payloads, to which no row refers for a day, and which were removed.
    :param delivered: webhooks that their receivers accepted.
    """

    swept: bool
    lost: int = 0
    failed: int = 0
    succeeded: int = 0
    deadlines: int = 0
    turns: int = 0
    relays: int = 0
    flagged: int = 0
    events: int = 0
    files: int = 0
    delivered: int = 0
