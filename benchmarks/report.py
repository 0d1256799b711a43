"""Print the table to the terminal, and write the file."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.results import Line, Measured, Target, machine


def show(measured: Measured, console: Console) -> None:
    """Print the table, what was not measured, and which targets are met."""
    table = Table(title="A step's life: begin, complete with 1 kB, journal (medians, milliseconds)")
    table.add_column("what", no_wrap=True)
    for heading in ("writers", "begin", "complete", "together", "steps/s", "ratio"):
        table.add_column(heading, justify="right")
    table.add_column("to", no_wrap=True)
    for line in measured.lines():
        table.add_row(*_cells(line))
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in machine(measured.postgres_version).items()))
    for name, reason in measured.missing.items():
        console.print(f"{name} was not measured: {reason}", markup=False)
    for target in measured.targets():
        console.print(_verdict(target), markup=False)


def write(measured: Measured, path: Path) -> None:
    """Write everything as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured.as_json(), indent=2) + "\n")


def _cells(line: Line) -> list[str]:
    numbers = (line.begin_ms, line.end_ms, line.life_ms)
    return [
        line.label,
        str(line.writers),
        *("" if number is None else f"{number:.2f}" for number in numbers),
        "" if line.rate is None else f"{line.rate:.0f}",
        "" if line.ratio is None else f"{line.ratio:.2f}",
        line.compared_with,
    ]


def _verdict(target: Target) -> str:
    if target.figures is None:
        return f"not measured  {target.name}, {target.limit}"
    figures = ", ".join(f"{name}: {figure:.2f}" for name, figure in target.figures.items())
    return f"{'holds' if target.holds else 'DOES NOT HOLD':<13} {target.name}, {target.limit} ({figures})"
