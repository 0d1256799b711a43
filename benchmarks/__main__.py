"""``python -m benchmarks``: measure, print the table, write it as JSON."""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.scope import QUICK, Scope

_WIDTH = 140
"""The width of the table when the output is not a terminal."""

FOLDER = Path(__file__).resolve().parent.parent / ".bench"


def main() -> None:
    """Parse the command line and run the benchmark."""
    arguments = _arguments()
    scope = QUICK if arguments.quick else Scope()
    scope = replace(
        scope,
        steps=arguments.steps or scope.steps,
        rows=arguments.rows or scope.rows,
        dbos=not arguments.without_dbos,
        airflow=not arguments.without_airflow,
    )
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="run-") as folder:
        home = Path(folder) / "own-home"
        home.mkdir()
        # Airflow reads its configuration on first import; the writers inherit it.
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ["AIRFLOW_HOME"] = str(home)
        from benchmarks.report import show, write
        from benchmarks.run import run

        console = Console()
        if not console.is_terminal:
            console.width = _WIDTH
        measured = run(scope, Path(folder), FOLDER / "dbos", console)
        show(measured, console)
        write(measured, arguments.output)
        console.print(f"Written to {arguments.output}", markup=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure what a step costs, here and elsewhere."
    )
    parser.add_argument("--quick", action="store_true", help="only check that it works; the figures mean nothing")
    parser.add_argument("--steps", type=_hundreds, help="steps in each turn of each line; a multiple of 100")
    parser.add_argument("--rows", type=_hundreds, help="earlier steps in the database with a history")
    parser.add_argument("--without-dbos", action="store_true", help="leave out DBOS Transact")
    parser.add_argument("--without-airflow", action="store_true", help="leave out the task of a live Airflow")
    parser.add_argument("--output", type=Path, default=FOLDER / "results.json", help="the JSON file to write")
    return parser.parse_args()


def _hundreds(text: str) -> int:
    number = int(text)
    if number <= 0 or number % 100:
        raise argparse.ArgumentTypeError(f"{text} is not a multiple of 100")
    return number


if __name__ == "__main__":
    main()
