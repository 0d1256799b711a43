"""The measured ways of writing a step's life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt
from airflow_wfstate.domain.rules.states import StepState
from benchmarks.floor import Floor
from benchmarks.output import OUTPUT


class StepLife(Protocol):
    """Begins a step and ends it."""

    def begin(self, task_instance_id: str, name: str) -> str:
        """Begin a new step, and return what :meth:`end` needs."""
        ...

    def end(self, attempt: str) -> None:
        """End it as succeeded, with an output of 1 kB."""
        ...


class Backend:
    """A step's life through a StateBackend."""

    def __init__(self, backend: StateBackend) -> None:
        self._backend = backend

    def begin(self, task_instance_id: str, name: str) -> str:
        """See :class:`StepLife`."""
        return self._backend.begin_step(BeginStep(task_instance_id, name)).attempt_key

    def end(self, attempt: str) -> None:
        """See :class:`StepLife`."""
        self._backend.end_attempt(EndAttempt(attempt, 1, StepState.SUCCEEDED, output=OUTPUT))


@dataclass(frozen=True)
class Way:
    """One line of the table.

    :param kind: ``psycopg`` or ``psycopg2`` (the database way), ``api``, or ``floor``.
    :param url: the database, for SQLAlchemy or (floor) libpq; the api-server for ``api``.
    """

    label: str
    kind: str
    url: str

    def open(self) -> StepLife:
        """Open a separate connection for the calling process."""
        return _OPEN[self.kind](self.url)


def _database(url: str) -> StepLife:
    from sqlalchemy import create_engine

    from airflow_wfstate.backends.database import DatabaseBackend

    return Backend(DatabaseBackend(create_engine(url)))


def _api(url: str) -> StepLife:
    from airflow_wfstate.backends.api import ApiBackend
    from airflow_wfstate.backends.credentials import UserToken

    return Backend(ApiBackend(url, UserToken(url, "admin", "admin"), configured_by="the benchmark"))


_OPEN: dict[str, Callable[[str], StepLife]] = {
    "psycopg": _database,
    "psycopg2": _database,
    "api": _api,
    "floor": Floor,
}
