"""What the tasks of tests/cluster/dags did outside: each call with its idempotency key."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Effect:
    """One call.

    :param at: time of the call, in seconds since 1970.
    :param workflow: key of its workflow.
    """

    at: float
    workflow: str
    what: str
    key: str
    detail: str


class Effects:
    """A file that survives every process.

    :param path: path of the file, which is created if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as effects:
            effects.execute(
                "CREATE TABLE IF NOT EXISTS effect (at REAL, workflow TEXT, what TEXT, key TEXT, detail TEXT)"
            )
            effects.execute("CREATE INDEX IF NOT EXISTS effect_workflow ON effect (workflow)")

    def all(self) -> list[Effect]:
        """Every call, in order."""
        with self._open() as effects:
            return [Effect(*row) for row in effects.execute("SELECT * FROM effect ORDER BY rowid")]

    def of(self, workflow: str) -> list[Effect]:
        """Every call for a workflow, in order."""
        with self._open() as effects:
            found = effects.execute("SELECT * FROM effect WHERE workflow = ? ORDER BY rowid", (workflow,))
            return [Effect(*row) for row in found]

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.path, timeout=60, isolation_level=None))


def by_key(effects: list[Effect]) -> dict[str, Counter[str]]:
    """What a receiver that deduplicates by key has done for each workflow, and how often."""
    done: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for effect in effects:
        done[effect.workflow][effect.what].add(effect.key)
    return {workflow: Counter({what: len(keys) for what, keys in of.items()}) for workflow, of in done.items()}


def repeated(effects: list[Effect]) -> Iterator[Effect]:
    """The calls whose key had come before."""
    seen: set[tuple[str, str]] = set()
    for effect in effects:
        if (effect.what, effect.key) in seen:
            yield effect
        seen.add((effect.what, effect.key))
