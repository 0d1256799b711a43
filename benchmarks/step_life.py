"""Measure the whole life of a step (begin, complete with a 1 kB output, journal) with one and with several writers."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from queue import Empty
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.ways import Way

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

_PATIENCE_SECONDS = 900

_WARM_UP_STEPS = 20
"""Steps of each way before it is measured; fewer if a turn has fewer."""


@dataclass
class Timings:
    """The timings of one line's writers.

    :param begin_seconds: the duration of each begin.
    :param end_seconds: the duration of each completion.
    :param rates: steps per second of all writers together, one figure per turn.
    """

    begin_seconds: list[float] = field(default_factory=list)
    end_seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def life_ms(self) -> float:
        """Median of begin and completion together, in milliseconds."""
        return 1000 * median(map(sum, zip(self.begin_seconds, self.end_seconds, strict=True)))

    def call_ms(self) -> float:
        """Median of one call, begin or completion, in milliseconds."""
        return 1000 * median([*self.begin_seconds, *self.end_seconds])

    def begin_ms(self) -> float:
        """Median of a begin, in milliseconds."""
        return 1000 * median(self.begin_seconds)

    def end_ms(self) -> float:
        """Median of a completion, in milliseconds."""
        return 1000 * median(self.end_seconds)

    def rate(self) -> float:
        """Median of the turns' steps per second."""
        return median(self.rates)


@dataclass(frozen=True)
class Turn:
    """What one writer does in one turn of a way.

    :param task_instance_ids: running task instances; each does its steps in the workflow of its run.
    :param steps: steps per task instance.
    """

    way: Way
    task_instance_ids: list[str]
    steps: int


@dataclass(frozen=True)
class _Result:
    """One writer's share of one turn; all processes use the same clock for ``started`` and ``ended``."""

    position: int
    begin_seconds: list[float]
    end_seconds: list[float]
    started: float
    ended: float


def measure(schedules: list[list[Turn]]) -> dict[str, Timings]:
    """Run the turns of all writers, each in its own process. All use the same way at the same time.

    :param schedules: one per writer, with the same ways in the same order.
    :return: the timings, by the label of the way.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(schedules))
    results: Queue[_Result | str] = context.Queue()
    writers = [context.Process(target=_write, args=(turns, barrier, results), daemon=True) for turns in schedules]
    for writer in writers:
        writer.start()
    expected = sum(map(len, schedules))
    try:
        gathered = [_next_result(results) for _ in range(expected)]
    finally:
        for writer in writers:
            writer.join(10)
            if writer.is_alive():
                writer.kill()
    return dict(_by_label(schedules[0], gathered))


def _next_result(results: Queue[_Result | str]) -> _Result:
    try:
        result = results.get(timeout=_PATIENCE_SECONDS)
    except Empty as error:
        raise RuntimeError(f"The writers reported nothing for {_PATIENCE_SECONDS} seconds.") from error
    if isinstance(result, str):
        raise RuntimeError(f"A writer failed: {result}")
    return result


def _by_label(turns: list[Turn], gathered: list[_Result]) -> Iterator[tuple[str, Timings]]:
    found: dict[str, Timings] = {}
    for position, turn in enumerate(turns):
        timings = found.setdefault(turn.way.label, Timings())
        shares = [result for result in gathered if result.position == position]
        for share in shares:
            timings.begin_seconds += share.begin_seconds
            timings.end_seconds += share.end_seconds
        steps = sum(len(share.begin_seconds) for share in shares)
        timings.rates.append(steps / (max(s.ended for s in shares) - min(s.started for s in shares)))
    return iter(found.items())


def _write(turns: list[Turn], barrier: Barrier, results: Queue[_Result | str]) -> None:
    """What a writer's process does."""
    try:
        ways = {turn.way.label: turn.way.open() for turn in turns}
        for label, way in ways.items():
            # Create connections, tokens and prepared statements before the measurement.
            first_turn = next(turn for turn in turns if turn.way.label == label)
            for number in range(min(_WARM_UP_STEPS, first_turn.steps)):
                way.end(way.begin(first_turn.task_instance_ids[0], f"warm-up-{number}"))
        for position, turn in enumerate(turns):
            way = ways[turn.way.label]
            begins, ends = [], []
            barrier.wait(_PATIENCE_SECONDS)
            started = time.monotonic()
            for task_instance_id in turn.task_instance_ids:
                for number in range(turn.steps):
                    first = time.perf_counter()
                    attempt = way.begin(task_instance_id, f"step-{number}")
                    second = time.perf_counter()
                    way.end(attempt)
                    ends.append(time.perf_counter() - second)
                    begins.append(second - first)
            results.put(_Result(position, begins, ends, started, time.monotonic()))
    except Exception as error:  # passed to the process that waits for the result
        results.put(f"{type(error).__name__}: {error}")
        barrier.abort()
