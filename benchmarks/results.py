"""The results: the lines of the table, and whether the targets are met."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.dbos_transact import DbosSteps
from benchmarks.importing import LIMIT
from benchmarks.once import FLOOR
from benchmarks.scope import Scope
from benchmarks.step_life import Timings
from benchmarks.task_state_store import TaskCalls

DATABASE = "database way, psycopg"
NO_ROWS = "0 steps before"


@dataclass(frozen=True)
class Line:
    """One line of the table.

    :param begin_ms: median, in milliseconds; None where there is no such figure.
    :param end_ms: median, in milliseconds.
    :param life_ms: median of both together, for one step, call or pair of transactions.
    :param rate: steps per second of all writers together.
    :param ratio: ``life_ms`` divided by that of the line named by ``compared_with``.
    """

    label: str
    writers: int
    begin_ms: float | None = None
    end_ms: float | None = None
    life_ms: float | None = None
    rate: float | None = None
    ratio: float | None = None
    compared_with: str = ""


@dataclass(frozen=True)
class Target:
    """A performance target.

    :param figures: the measured figures; None when they were not measured.
    :param limit: the limit, in words.
    """

    name: str
    limit: str
    figures: dict[str, float] | None
    holds: bool | None


@dataclass(frozen=True)
class Measured:
    """All results of one run.

    :param lives: timings of steps, by number of writers and label.
    :param dbos: DBOS's steps, by number of writers; empty when not measured.
    :param calls: calls from a task; None when not measured.
    :param once: medians of ``step.once`` and of its floor, in milliseconds, by label.
    :param imports: CPU time of a DAG with a public name relative to a plain DAG, by name; empty when not measured.
    :param missing: why something was not measured, by its name.
    """

    scope: Scope
    postgres_version: str
    lives: dict[int, dict[str, Timings]]
    dbos: dict[int, DbosSteps]
    calls: TaskCalls | None
    once: dict[str, float]
    imports: dict[str, float]
    missing: dict[str, str]

    @property
    def with_rows(self) -> str:
        """How labels refer to the database with a history."""
        return rows_label(self.scope)

    def lines(self) -> list[Line]:
        """The table."""
        return [*self._lives(), *self._once(), *self._dbos(), *self._calls()]

    def targets(self) -> list[Target]:
        """The targets that the project has set."""
        one = self.lives[1]
        growth = {f"{count} writers": self._growth(count) for count in self.lives}
        gain = {f"{n} writers": self._database(n).rate() / dbos.steps_per_second for n, dbos in self.dbos.items()}
        share: dict[str, float] = {}
        if self.calls is not None:
            ours = {"begin": self.calls.begin_ms, "complete": self.calls.end_ms, "checkpoint": self.calls.checkpoint_ms}
            share = {name: ms / self.calls.set_ms for name, ms in ours.items()}
        life = {
            "ms": one[f"{DATABASE}, {NO_ROWS}"].life_ms(),
            "ms with rows": one[f"{DATABASE}, {self.with_rows}"].life_ms(),
        }
        return [
            _target("begin + complete, database way, one writer", "at most 1.5 ms", life, at_most=1.5),
            _target("steps per second, to DBOS's", "at least 3 times", gain, at_least=3),
            _target(f"growth to {self.with_rows}, database way", "at most 1.2 times", growth, at_most=1.2),
            _target("a call of step.once, database way", "at most 1.0 ms", self._once_ms(), at_most=1.0),
            _target("a call of the api way, to task_state_store.set", "at most 1/3", share, at_most=1 / 3),
            _target("CPU of a DAG file, to one with @task", f"at most {LIMIT} times", self.imports, at_most=LIMIT),
        ]

    def as_json(self) -> dict[str, object]:
        """Everything, for a file."""
        return {
            "machine": machine(self.postgres_version),
            "scope": vars(self.scope),
            "lines": [vars(line) for line in self.lines()],
            "targets": [vars(target) for target in self.targets()],
            "missing": self.missing,
        }

    def _database(self, writers: int) -> Timings:
        return self.lives[writers][f"{DATABASE}, {NO_ROWS}"]

    def _growth(self, writers: int) -> float:
        return self.lives[writers][f"{DATABASE}, {self.with_rows}"].life_ms() / self._database(writers).life_ms()

    def _lives(self) -> Iterator[Line]:
        for writers, timings in self.lives.items():
            floor = timings[f"floor, {NO_ROWS}"].life_ms()
            for label, found in timings.items():
                life = found.life_ms()
                yield Line(
                    label, writers, found.begin_ms(), found.end_ms(), life, found.rate(), life / floor, "floor, 0 steps"
                )

    def _once(self) -> Iterator[Line]:
        for label, ms in self.once.items():
            yield Line(label, 1, life_ms=ms, ratio=ms / self.once[FLOOR], compared_with="its floor")

    def _once_ms(self) -> dict[str, float]:
        return {label: ms for label, ms in self.once.items() if label != FLOOR}

    def _dbos(self) -> Iterator[Line]:
        for writers, found in self.dbos.items():
            ratio = found.step_ms / self._database(writers).life_ms()
            yield Line(
                f"DBOS Transact {found.version}",
                writers,
                life_ms=found.step_ms,
                rate=found.steps_per_second,
                ratio=ratio,
                compared_with=DATABASE,
            )

    def _calls(self) -> Iterator[Line]:
        if self.calls is None:
            return
        each = {
            "task_state_store.set, from a task": self.calls.set_ms,
            "api way: checkpoint, from a task": self.calls.checkpoint_ms,
            "api way: begin, from a task": self.calls.begin_ms,
            "api way: complete, from a task": self.calls.end_ms,
        }
        for label, ms in each.items():
            yield Line(label, 1, life_ms=ms, ratio=ms / self.calls.set_ms, compared_with="task_state_store.set")


def rows_label(scope: Scope) -> str:
    """How labels refer to the database with a history."""
    return f"{scope.rows:,} steps before"


def machine(postgres_version: str) -> dict[str, object]:
    """The environment that the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": postgres_version,
        **{name: version(name) for name in ("apache-airflow", "sqlalchemy", "psycopg", "psycopg2-binary")},
    }


def _target(
    name: str, limit: str, figures: dict[str, float], *, at_most: float | None = None, at_least: float | None = None
) -> Target:
    if not figures:
        return Target(name, limit, None, None)
    holds = all(
        (at_most is None or figure <= at_most) and (at_least is None or figure >= at_least)
        for figure in figures.values()
    )
    return Target(name, limit, figures, holds)
