"""A lease: what only one process does at a time, of all that share the database.

It has an owner, is renewed by a thread while its holder works, and only its owner ends it. A holder that dies leaves it
to run out.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, or_, select, update

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import run_transaction

log = logging.getLogger(__name__)

DURATION: Final = timedelta(seconds=120)
"""How long a lease lasts that is not renewed."""

_RENEWALS: Final = 4
"""In the time that a lease lasts."""

_lease: Final = schema.lease


class LeaseLost(Exception):
    """The holder could not renew its lease in time: another process may be at the same work."""


class Lease:
    """A lease that this process has taken.

    :param owner: names the holder; no other lease has the same.
    """

    def __init__(self, engine: Engine, name: str, owner: str) -> None:
        self.name = name
        self.owner = owner
        self._engine = engine
        self._is_ended = threading.Event()
        self._held_until = time.monotonic() + DURATION.total_seconds()

    def check(self) -> None:
        """Check that it is still held; to be asked before each piece of the work.

        :raises LeaseLost: it is not.
        """
        if time.monotonic() >= self._held_until:
            raise LeaseLost(f"The lease {self.name!r} was not renewed in time: another process may hold it now.")

    def renew(self) -> None:
        """Hold it for its whole duration again; without effect when another process has taken it since."""
        asked_at = time.monotonic()
        if run_transaction(self._engine, self._renew):
            self._held_until = asked_at + DURATION.total_seconds()
        else:
            self._held_until = asked_at

    def keep(self) -> None:
        """Renew it again and again until :meth:`end`; the work of a thread."""
        while not self._is_ended.wait(DURATION.total_seconds() / _RENEWALS):
            try:
                self.renew()
            except Exception:  # the next renewal may reach the database again; until then the lease runs
                log.exception("The lease %r could not be renewed.", self.name)

    def end(self, rest: timedelta) -> None:
        """End it, if this holder still has it. One that cannot be ended runs out.

        :param rest: for how long nobody is to take it; zero: anybody may at once.
        """
        self._is_ended.set()
        try:
            run_transaction(self._engine, lambda connection: self._set_end(connection, rest))
        except Exception:  # the work itself is done, or has failed with an error of its own
            log.exception("The lease %r could not be ended; it runs out in %s.", self.name, DURATION)

    def _renew(self, connection: Connection) -> bool:
        return self._set_end(connection, DURATION)

    def _set_end(self, connection: Connection, after: timedelta) -> bool:
        mine = (_lease.c.name == self.name, _lease.c.owner == self.owner)
        ended = connection.execute(update(_lease).where(*mine).values(leased_until=_now(connection) + after))
        return ended.rowcount == 1


@contextmanager
def held(engine: Engine, name: str, *, rest: timedelta = timedelta(0)) -> Iterator[Lease | None]:
    """Hold a lease for the time of the ``with`` block; None when another process holds it.

    :param rest: for how long nobody is to take it after its end.
    """
    owner = f"{socket.gethostname()[:200]}:{os.getpid()}:{secrets.token_hex(8)}"
    if not run_transaction(engine, lambda connection: _take(connection, name, owner)):
        yield None
        return
    lease = Lease(engine, name, owner)
    threading.Thread(target=lease.keep, name=f"wfstate-lease-{name}", daemon=True).start()
    try:
        yield lease
    finally:
        lease.end(rest)


def _take(connection: Connection, name: str, owner: str) -> bool:
    now = _now(connection)
    values = {"owner": owner, "leased_until": now + DURATION}
    taken = connection.execute(
        conflict_insert(connection.dialect.name, _lease)
        .values(name=name, **values)
        .on_conflict_do_update(
            index_elements=[_lease.c.name],
            set_=values,
            # Its own, too: the answer to the commit may have been lost.
            where=or_(_lease.c.leased_until <= now, _lease.c.owner == owner),
        )
    )
    return taken.rowcount == 1


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return now
