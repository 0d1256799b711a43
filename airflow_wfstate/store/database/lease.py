"""Leases, for work that only one process does at a time among all that share the database.

A lease has an owner. A thread renews it while its holder works, and only its owner ends it. If the holder dies, the
lease expires.
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
"""How long a lease lasts unless it is renewed."""

_RENEWALS: Final = 4
"""How often it is renewed in that time."""

_lease: Final = schema.lease


class LeaseLost(Exception):
    """The holder could not renew its lease in time: another process may be doing the same work."""


class Lease:
    """A lease held by this process.

    :param owner: identifies the holder; no other lease has the same.
    """

    def __init__(self, engine: Engine, name: str, owner: str) -> None:
        self.name = name
        self.owner = owner
        self._engine = engine
        self._is_ended = threading.Event()
        # A renewal that is on its way when the lease ends would hold it for its whole duration, for nobody.
        self._one_at_a_time = threading.Lock()
        self._held_until = time.monotonic() + DURATION.total_seconds()

    def check(self) -> None:
        """Check that the lease is still held; call this before each piece of work.

        :raises LeaseLost: it is not.
        """
        if time.monotonic() >= self._held_until:
            raise LeaseLost(f"The lease {self.name!r} was not renewed in time: another process may hold it now.")

    def renew(self) -> None:
        """Extend the lease to its full duration; has no effect once it has ended or another process has taken it."""
        with self._one_at_a_time:
            if self._is_ended.is_set():
                return
            asked_at = time.monotonic()
            if run_transaction(self._engine, self._renew):
                self._held_until = asked_at + DURATION.total_seconds()
            else:
                self._held_until = asked_at

    def keep(self) -> None:
        """Renew the lease repeatedly until :meth:`end`; runs in a thread."""
        while not self._is_ended.wait(DURATION.total_seconds() / _RENEWALS):
            try:
                self.renew()
            except Exception:  # the next renewal may reach the database again; until then the lease is valid
                log.exception("The lease %r could not be renewed.", self.name)

    def end(self, rest: timedelta) -> None:
        """End the lease if this holder still has it. If that fails, it expires.

        :param rest: for how long nobody may take it afterwards; zero: it may be taken at once.
        """
        self._is_ended.set()
        try:
            with self._one_at_a_time:
                run_transaction(self._engine, lambda connection: self._set_end(connection, rest))
        except Exception:  # the work itself is done, or failed with its own error
            log.exception("The lease %r could not be ended; it expires in %s.", self.name, DURATION)

    def _renew(self, connection: Connection) -> bool:
        return self._set_end(connection, DURATION)

    def _set_end(self, connection: Connection, after: timedelta) -> bool:
        mine = (_lease.c.name == self.name, _lease.c.owner == self.owner)
        ended = connection.execute(update(_lease).where(*mine).values(leased_until=_now(connection) + after))
        return ended.rowcount == 1


@contextmanager
def held(engine: Engine, name: str, *, rest: timedelta = timedelta(0)) -> Iterator[Lease | None]:
    """Hold a lease during the ``with`` block; None when another process holds it.

    :param rest: for how long nobody may take it afterwards.
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
            # Also takes a lease that it already owns: the answer to the commit may have been lost.
            where=or_(_lease.c.leased_until <= now, _lease.c.owner == owner),
        )
    )
    return taken.rowcount == 1


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return now
