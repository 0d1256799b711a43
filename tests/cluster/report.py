"""The result of a chaos run, as Markdown."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.cluster.chaos import Found
from tests.cluster.faults import Fault


def report(found: Found) -> str:
    """A table of the faults, and the counts."""
    return "\n".join([*_table(found), "", *_counts(found)])


def _table(found: Found) -> Iterator[str]:
    yield "| fault | times | next sign of life after (median) | slowest workflow continued after (median) | longest |"
    yield "|---|---|---|---|---|"
    by_kind: dict[str, list[Fault]] = defaultdict(list)
    for fault in found.faults:
        by_kind[fault.kind].append(fault)
    for kind, faults in by_kind.items():
        soonest = [pause for fault in faults if (pause := _soonest(found, fault)) is not None]
        slowest = [pause for fault in faults if (pause := _slowest(found, fault)) is not None]
        yield f"| {kind} | {len(faults)} | {_median(soonest)} | {_median(slowest)} | {_longest(slowest)} |"


def _counts(found: Found) -> Iterator[str]:
    verdict = found.verdict
    kinds = Counter(order.kind.label for order in found.orders)
    attempts = ", ".join(f"{number} {state}" for state, number in verdict.attempts.most_common())
    restarts = ", ".join(f"{name} {number}" for name, number in sorted(found.restarts.items()))
    yield f"- seed {found.seed}; {len(found.faults)} faults; {len(found.orders)} workflows: " + ", ".join(
        f"{number} {label}" for label, number in sorted(kinds.items())
    )
    yield f"- attempts of steps: {attempts}; journal entries: {verdict.journal_entries}"
    yield f"- calls of the receiver: {verdict.effects}, of which {verdict.repeated} came again with the same key"
    yield f"- parts were restarted: {restarts}"
    yield (
        f"- after the last fault: healthy after {found.healed_in:.0f} s; every workflow ended {found.quiet_in:.0f} s "
        f"later; one more of each kind took {found.after_in:.0f} s"
    )
    yield f"- lost, doubled or wrong: {len(found.complaints)}"


def _soonest(found: Found, fault: Fault) -> float | None:
    """Seconds until any workflow gave a sign of life."""
    later = [at for times in found.signs.values() for at in times if at > fault.at]
    return min(later) - fault.at if later else None


def _slowest(found: Found, fault: Fault) -> float | None:
    """Seconds until the last of the workflows that were open had given a sign of life."""
    open_then = [times for times in found.signs.values() if times[0] < fault.at < times[-1]]
    return max((min(at for at in times if at > fault.at) - fault.at for times in open_then), default=None)


def _median(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s" if seconds else ""


def _longest(seconds: list[float]) -> str:
    return f"{max(seconds):.0f} s" if seconds else ""
