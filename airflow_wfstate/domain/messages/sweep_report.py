"""A pass of the sweep: the request and the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StartSweep:
    """A request to run a pass now.

    :param actor: who makes the request: ``cli:name``. Over HTTP it is always the token's user.
    :param idempotency_key: a request that is sent again with the same key and body gets the first report, without
        another pass; None for a new pass each time.
    """

    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class SweepReport:
    """What a pass did, counted in workflows unless stated otherwise.

    :param swept: False if another pass held the lease, so that nothing was done.
    :param lost: workflows with an attempt that was marked as lost.
    :param failed: workflows that failed because a deciding run failed.
    :param succeeded: implicit workflows whose runs ended well.
    :param deadlines: workflows whose deadline passed, and whose deadline policy was applied.
    :param turns: workflows in which a compensation got its turn.
    :param relays: relays that were cleared, so that they run again.
    :param flagged: workflows whose flags were set, changed or removed.
    :param events: events that had waited for their workflow, and were applied.
    :param files: payload files that were removed, because no row had referred to them for a day.
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
