"""A cell of the grid: what dies, how, where, and with which backend."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Way(str, Enum):
    """A backend, and the database below it."""

    DATABASE_SQLITE = "database backend, SQLite"
    DATABASE_POSTGRES = "database backend, PostgreSQL"
    API_SQLITE = "api backend, SQLite"
    API_POSTGRES = "api backend, PostgreSQL"

    @property
    def is_api(self) -> bool:
        """Whether calls go by HTTP."""
        return self in (Way.API_SQLITE, Way.API_POSTGRES)

    @property
    def is_postgres(self) -> bool:
        """Whether the database is a PostgreSQL server, which can be restarted."""
        return self in (Way.DATABASE_POSTGRES, Way.API_POSTGRES)


class Fault(str, Enum):
    """What happens at a crossing."""

    KILLED_BEFORE = "killed before"
    """kill -9 of the caller before the commit, or before the request is sent."""
    KILLED_AFTER = "killed after"
    """kill -9 of the caller after the commit, or after the answer has come and before the caller uses it."""
    ANSWER_LOST = "answer lost"
    """The change is committed, and the caller is told that the connection broke."""
    OVERTAKEN = "resend overtaken"
    """The call is sent again after the caller's next call, because its first answer was late."""
    SERVER_KILLED = "api-server killed"
    """kill -9 of the api-server during the request; it is restarted."""
    POSTGRES_RESTARTED = "PostgreSQL restarted"
    """An immediate stop, as in a crash, before the commit or during the request."""

    def applies_to(self, way: Way) -> bool:
        """Whether this backend has the part that dies."""
        if self is Fault.SERVER_KILLED:
            return way.is_api
        return self is not Fault.POSTGRES_RESTARTED or way.is_postgres


MET_BY_A_SWEEP: Final = (Fault.KILLED_AFTER, Fault.ANSWER_LOST)
"""Faults that are tested a second time, with a sweep between the fault and what follows it."""


@dataclass(frozen=True)
class Mishap:
    """What happens at a crossing: a fault, possibly followed by a sweep.

    :param is_swept: whether a sweep runs before the next try begins, or before a call with a lost answer is resent.
    """

    fault: Fault
    is_swept: bool = False

    def __str__(self) -> str:
        return f"{self.fault.value}, swept" if self.is_swept else self.fault.value


def mishaps(way: Way) -> list[Mishap]:
    """Everything that can happen with a backend, in the order of the grid's columns."""
    return [
        Mishap(fault, is_swept)
        for fault in Fault
        for is_swept in (False, True)
        if fault.applies_to(way) and (not is_swept or fault in MET_BY_A_SWEEP)
    ]


@dataclass(frozen=True)
class Crossing:
    """A commit or a request of a story that is told without a fault.

    :param position: position of the task in the story, from 0.
    :param number: number of the crossing in the task's process, from 0.
    :param label: task and call, for display.
    """

    position: int
    number: int
    label: str


@dataclass(frozen=True)
class Cell:
    """One try."""

    story: str
    way: Way
    crossing: Crossing
    mishap: Mishap

    def __str__(self) -> str:
        return f"{self.story} | {self.way.value} | {self.crossing.label} | {self.mishap}"


@dataclass(frozen=True)
class Result:
    """The result of a cell.

    :param complaints: what does not hold; empty if everything does.
    :param has_broken: whether a request broke because a server died during it.
    """

    cell: Cell
    complaints: list[str]
    seconds: float
    has_broken: bool = False
