"""``python -m benchmarks.cli_startup``: what ``airflow wfstate`` costs beside ``airflow version``, whole processes.

The commands take turns in a migrated Airflow home of their own (SQLite), so that a busy machine slows them alike.
``version`` is the least that Airflow's command line does: it reads the configuration, finds the providers and builds
the parser.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

LIMIT: Final = 1.1
"""``airflow wfstate list`` takes at most so many times the processor time of ``airflow version``."""

FLOOR: Final = ("version",)
COMMANDS: Final = (FLOOR, ("wfstate", "--help"), ("wfstate", "list"), ("wfstate", "list", "-o", "json"))


def measure(turns: int, commands: tuple[tuple[str, ...], ...] = COMMANDS) -> dict[tuple[str, ...], tuple[float, float]]:
    """The medians of processor time (user and system) and wall time of each command, in seconds.

    :param turns: processes of each command; one more of each goes before, and is not counted.
    """
    with tempfile.TemporaryDirectory(prefix="wfstate-startup-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        environment |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        _run(("db", "migrate"), folder, environment)
        found: dict[tuple[str, ...], list[tuple[float, float]]] = {command: [] for command in commands}
        for turn in range(turns + 1):
            for command, figures in found.items():
                figure = _run(command, folder, environment)
                if turn:
                    figures.append(figure)
    return {
        command: (median(cpu for cpu, _ in figures), median(wall for _, wall in figures))
        for command, figures in found.items()
    }


def _run(words: tuple[str, ...], folder: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Processor time and wall time of ``airflow`` with these words.

    :raises RuntimeError: it ended badly.
    """
    began = time.perf_counter()
    with (Path(folder) / "output").open("w") as output:
        # The script that the wheel of Airflow installs, as people call it.
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("airflow")), *words],
            cwd=folder,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(
            f"airflow {' '.join(words)} ended with {process.returncode}: {Path(output.name).read_text()}"
        )
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=10, help="processes of each command (default: 10)")
    figures = measure(parser.parse_args().turns)
    floor_cpu, floor_wall = figures[FLOOR]
    print("| command | CPU ms | times version | wall ms | times version |")
    print("|---|---|---|---|---|")
    for command, (cpu, wall) in figures.items():
        print(
            f"| `airflow {' '.join(command)}` | {cpu * 1000:.0f} | {cpu / floor_cpu:.2f} "
            f"| {wall * 1000:.0f} | {wall / floor_wall:.2f} |"
        )


if __name__ == "__main__":
    main()
