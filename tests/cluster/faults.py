"""Faults of a cluster: one part after another is killed, or its connections are cut."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.cluster.cluster import Cluster
from demo.cluster.layout import API_SERVERS, SCHEDULERS, WORKERS


@dataclass(frozen=True)
class Fault:
    """A fault that was made.

    :param at: when it began, in seconds since 1970.
    """

    kind: str
    part: str
    at: float


class Faults:
    """Chooses faults and makes them.

    :param choice: the random generator; the same seed repeats the same faults.
    """

    def __init__(self, cluster: Cluster, choice: random.Random) -> None:
        self._choice = choice
        self._kill = cluster.kill_part
        self._ways: dict[str, tuple[tuple[str, ...], Callable[[str], None]]] = {
            "worker killed": (WORKERS, self._kill),
            "scheduler killed": (SCHEDULERS, self._kill),
            "api-server killed": (API_SERVERS, self._kill),
            "dag-processor killed": (("dag-processor",), self._kill),
            "triggerer killed": (("triggerer",), self._kill),
            "Redis killed": (("redis",), self._kill),
            "PgBouncer killed": (("pgbouncer",), self._kill),
            "PostgreSQL restarted (immediate)": (("postgresql",), lambda _: cluster.postgres.crash("immediate")),
            "proxy killed": (("proxy",), self._kill),
            "connections of the proxy cut": (("proxy",), lambda _: _when_there(cluster.drop_connections)),
        }

    @property
    def kinds(self) -> list[str]:
        """All kinds of faults."""
        return list(self._ways)

    def endless(self) -> Iterator[Fault]:
        """Make a fault with each iteration: each kind once, in random order, and then each again."""
        while True:
            for kind in self._choice.sample(self.kinds, len(self.kinds)):
                parts, make = self._ways[kind]
                part = self._choice.choice(parts)
                at = time.time()
                make(part)
                yield Fault(kind, part, at)


def _when_there(make: Callable[[], None], patience_seconds: float = 20) -> None:
    """Make a fault in a part that may just be restarting."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return make()
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
