"""Watch, many times a second, what the migrating connection does to others."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

import psycopg

_EVERY_SECONDS: Final = 0.02

_BLOCKS_WRITERS: Final = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")

_HELD: Final = """
SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
 WHERE l.pid = %s AND l.granted AND c.relkind = 'r' AND c.relname = ANY(%s) AND l.mode = ANY(%s)
"""

# A writer queued behind the migration's own wait for a lock counts as blocked too.
_BLOCKED: Final = """
SELECT pid::text, 'blocked' FROM pg_stat_activity
 WHERE wait_event_type = 'Lock' AND pid <> %(pid)s AND %(pid)s = ANY(pg_blocking_pids(pid))
"""


@dataclass(frozen=True)
class Seen:
    """A lock that blocked writers, or a writer that was blocked, with its begin and end (monotonic seconds).

    :param what: the table, or the writer's process.
    :param how: the lock's mode, or ``blocked``.
    """

    what: str
    how: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it was seen, to within a few hundredths of a second."""
        return self.ended - self.began


@dataclass
class LockWatch:
    """Records how long one connection holds locks that block writers, and how long it blocks each of them.

    :param url: a libpq URL.
    :param pid: the server process of that connection.
    :param tables: the busy tables.
    """

    url: str
    pid: int
    tables: list[str]
    holds: list[Seen] = field(default_factory=list)
    blocked: list[Seen] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> LockWatch:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        held: dict[tuple[str, str], float] = {}
        blocked: dict[tuple[str, str], float] = {}
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self._stop.is_set():
                rows = connection.execute(_HELD, (self.pid, self.tables, list(_BLOCKS_WRITERS))).fetchall()
                _note(rows, held, self.holds)
                _note(connection.execute(_BLOCKED, {"pid": self.pid}).fetchall(), blocked, self.blocked)
                self._stop.wait(_EVERY_SECONDS)


def longest(seen: list[Seen], since: float, until: float) -> Seen | None:
    """The longest that began between two moments; None when none did."""
    met = [each for each in list(seen) if since <= each.began < until]
    return max(met, key=lambda each: each.seconds, default=None)


def _note(rows: list[tuple[str, str]], lasting: dict[tuple[str, str], float], over: list[Seen]) -> None:
    """Compare what exists now with what existed before."""
    now = time.monotonic()
    seen = {(str(what), str(how)) for what, how in rows}
    for each in seen:
        lasting.setdefault(each, now)
    gone = [each for each in lasting if each not in seen]
    over.extend(Seen(*each, lasting.pop(each), now) for each in gone)
