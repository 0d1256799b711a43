"""Looks at the locks of the connection that migrates, many times a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

import psycopg

_EVERY_SECONDS: Final = 0.01

_BLOCKS_WRITERS: Final = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")

_HELD: Final = """
SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
 WHERE l.pid = %s AND l.granted AND c.relkind = 'r' AND c.relname = ANY(%s) AND l.mode = ANY(%s)
"""


@dataclass(frozen=True)
class Hold:
    """A lock that blocks those who write, from when to when it was seen (monotonic seconds)."""

    table: str
    mode: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it was held, to a hundredth of a second."""
        return self.ended - self.began


@dataclass
class LockWatch:
    """Notes how long one connection holds locks that block those who write to a table.

    :param url: a libpq URL.
    :param pid: the server process of that connection.
    :param tables: those that are busy.
    """

    url: str
    pid: int
    tables: list[str]
    holds: list[Hold] = field(default_factory=list)
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

    def longest(self, since: float, until: float) -> Hold | None:
        """The longest that began between two moments; None: none was seen."""
        met = [hold for hold in list(self.holds) if since <= hold.began < until]
        return max(met, key=lambda hold: hold.seconds, default=None)

    def _look(self) -> None:
        held: dict[tuple[str, str], float] = {}
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self._stop.is_set():
                rows = connection.execute(_HELD, (self.pid, self.tables, list(_BLOCKS_WRITERS))).fetchall()
                now = time.monotonic()
                seen = {(str(table), str(mode)) for table, mode in rows}
                for lock in seen:
                    held.setdefault(lock, now)
                for lock in [lock for lock in held if lock not in seen]:
                    self.holds.append(Hold(*lock, held.pop(lock), now))
                self._stop.wait(_EVERY_SECONDS)
