"""DBOS Transact's step, run in its own virtualenv as ``python dbos_steps.py URL STEPS WRITERS``.

Each writer is a process that runs workflows of 100 steps. Each step returns 1 kB. Prints one JSON object.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from importlib.metadata import version
from multiprocessing.synchronize import Barrier

from dbos import DBOS  # type: ignore[import-not-found]  # installed only in its own virtualenv

OUTPUT = "x" * 1000
STEPS_A_WORKFLOW = 100


@DBOS.step()  # type: ignore[untyped-decorator]  # see the import
def step(number: int) -> str:
    """Do nothing, and return 1 kB."""
    return OUTPUT


@DBOS.workflow()  # type: ignore[untyped-decorator]  # see the import
def steps(count: int) -> float:
    """Run ``count`` steps and return how many seconds they took, without the workflow's own start and end."""
    started = time.perf_counter()
    for number in range(count):
        step(number)
    return time.perf_counter() - started


def launch(url: str, executor: str) -> None:
    """Start DBOS in this process; creates its tables when they are missing."""
    DBOS(
        config={
            "name": "bench",
            "system_database_url": url,
            "log_level": "ERROR",
            "executor_id": executor,
        }
    )
    DBOS.launch()


def write(
    url: str,
    executor: str,
    count: int,
    barrier: Barrier,
    results: multiprocessing.SimpleQueue[tuple[float, float, float]],
) -> None:
    """What a writer's process does."""
    launch(url, executor)
    steps(20)
    barrier.wait(300)
    started = time.monotonic()
    busy = sum(steps(STEPS_A_WORKFLOW) for _ in range(count // STEPS_A_WORKFLOW))
    results.put((started, time.monotonic(), busy))
    barrier.wait(300)  # none stops while others are still being measured
    DBOS.destroy()


def main() -> None:
    """Measure and print the result."""
    url, count, writers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    context = multiprocessing.get_context("spawn")
    launch(url, "first")
    DBOS.destroy()
    barrier = context.Barrier(writers)
    results = context.SimpleQueue()
    processes = [context.Process(target=write, args=(url, f"w{n}", count, barrier, results)) for n in range(writers)]
    for process in processes:
        process.start()
    shares = [results.get() for _ in processes]
    for process in processes:
        process.join(60)
    wall = max(ended for _, ended, _ in shares) - min(started for started, _, _ in shares)
    busy = sum(seconds for _, _, seconds in shares)
    print(
        json.dumps(
            {
                "version": version("dbos"),
                "steps_per_second": writers * count / wall,
                "step_ms": 1000 * busy / (writers * count),
            }
        )
    )


if __name__ == "__main__":
    main()
