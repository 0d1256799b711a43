"""Small durable calls: ``step.once`` in a loop inside one step, compared with bare inserts of the same row."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Final

from psycopg import Connection, connect
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.operators.step import Step
from airflow_wfstate.operators.steps.attempt import Attempt

FLOOR: Final = "floor: insert of a record"
ONCE: Final = "step.once, database way"
CALLS_A_TURN: Final = 1000

_INSERT: Final = """
INSERT INTO wfstate_record (step_id, round, name, value, value_type, value_sha256, is_error, attempt, write, saved_at)
VALUES (%s::uuid, 1, %s, '"receipt"', 'str', %s, false, 1, %s, now())
"""

Call = Callable[[int], object]


def measure(urls: dict[str, str], libpq_url: str, task_instance_ids: list[str], turns: int) -> dict[str, list[float]]:
    """The seconds of each call, by label, for every driver and for the floor. They alternate.

    :param urls: SQLAlchemy URLs of one migrated database, by driver.
    :param task_instance_ids: running task instances, one for each turn of each label.
    """
    seconds: dict[str, list[float]] = {label: [] for label in [*(f"{ONCE}, {driver}" for driver in urls), FLOOR]}
    engines = {driver: create_engine(url) for driver, url in urls.items()}
    remaining = iter(task_instance_ids)
    with connect(libpq_url, autocommit=True) as bare:
        for turn in range(turns):
            for driver, engine in engines.items():
                backend = DatabaseBackend(engine)
                begun = backend.begin_step(BeginStep(next(remaining), f"once-{turn}"))
                step = Step(Attempt(backend, begun))
                seconds[f"{ONCE}, {driver}"] += _timed(partial(_once, step))
            begun = backend.begin_step(BeginStep(next(remaining), f"floor-{turn}"))
            seconds[FLOOR] += _timed(partial(_insert, bare, begun.step_id))
    for engine in engines.values():
        engine.dispose()
    return seconds


def medians_ms(seconds: dict[str, list[float]]) -> dict[str, float]:
    """The medians, in milliseconds."""
    return {label: 1000 * median(values) for label, values in seconds.items()}


def _once(step: Step, number: int) -> object:
    return step.once(f"call-{number}", _receipt)


def _insert(bare: Connection, step_id: str, number: int) -> object:
    return bare.execute(_INSERT, (step_id, f"call-{number}", "0" * 64, number), prepare=True)


def _receipt() -> str:
    return "receipt"


def _timed(call: Call) -> list[float]:
    found = []
    for number in range(CALLS_A_TURN):
        started = time.perf_counter()
        call(number)
        found.append(time.perf_counter() - started)
    return found
