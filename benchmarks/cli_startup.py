"""``python -m benchmarks.cli_startup``: what an ``airflow wfstate`` process costs compared with ``airflow version``.

The commands take turns in their own migrated Airflow home (SQLite), so that a busy machine slows them equally.
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
from typing import Final, TypeAlias

Figure: TypeAlias = tuple[float, float]
"""Processor time and wall time, in seconds."""

LIMIT: Final = 1.1
"""``airflow wfstate list`` may take at most this many times the processor time of ``airflow version``."""

FLOOR: Final = ("version",)
COMMANDS: Final = (FLOOR, ("wfstate", "--help"), ("wfstate", "list"), ("wfstate", "list", "-o", "json"))


def measure(turns: int, commands: tuple[tuple[str, ...], ...] = COMMANDS) -> dict[tuple[str, ...], list[Figure]]:
    """Processor time (user and system) and wall time of each process, in seconds, by command and in order.

    :param turns: how many processes to run per command, after one that is not counted.
    """
    with tempfile.TemporaryDirectory(prefix="wfstate-startup-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        environment |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        _run(("db", "migrate"), folder, environment)
        found: dict[tuple[str, ...], list[Figure]] = {command: [] for command in commands}
        for turn in range(turns + 1):
            for command, figures in found.items():
                figure = _run(command, folder, environment)
                if turn:
                    figures.append(figure)
    return found


def _run(words: tuple[str, ...], folder: str, environment: Mapping[str, str]) -> Figure:
    """Processor time and wall time of ``airflow`` with these arguments.

    :raises RuntimeError: it exited with an error.
    """
    began = time.perf_counter()
    with (Path(folder) / "output").open("w") as output:
        # The script that Airflow's wheel installs, which is what people call.
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
            f"airflow {' '.join(words)} exited with {process.returncode}: {Path(output.name).read_text()}"
        )
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=10, help="processes per command (default: 10)")
    found = measure(parser.parse_args().turns)
    print("| command | CPU ms | times version | wall ms | times version |")
    print("|---|---|---|---|---|")
    for command, figures in found.items():
        cells = [cell for place in (0, 1) for cell in _cells(figures, found[FLOOR], place)]
        print(f"| `airflow {' '.join(command)}` | {' | '.join(cells)} |")


def _cells(figures: list[Figure], floor: list[Figure], place: int) -> tuple[str, str]:
    """The median in milliseconds, and the median ratio to the floor's figure in the same turn."""
    ratios = [figure[place] / least[place] for figure, least in zip(figures, floor, strict=True)]
    return f"{median(figure[place] for figure in figures) * 1000:.0f}", f"{median(ratios):.2f}"


if __name__ == "__main__":
    main()
