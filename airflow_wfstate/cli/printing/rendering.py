"""Print the output of commands in Airflow's four formats.

``json`` and ``yaml`` are for programs: keys are in snake_case, times in ISO 8601 with an offset, durations in keys that
end in ``_seconds``, enumerations by value, numbers as numbers, and None as null. ``table`` and ``plain`` are for
people, and ``plain`` also for ``grep`` and ``awk``. There, and in every message, control characters and characters that
are invisible or change the text direction are shown as escapes (``domain/rules/text/characters.py``). No other module
of the command line prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import yaml  # type: ignore[import-untyped]  # its stubs are a package apart, which Airflow does not install
from airflow.cli.simple_table import SimpleTable
from rich.console import RenderableType
from rich.text import Text

from airflow_wfstate.cli.printing.console import Console
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.text.characters import shown_text

PROGRAM_FORMATS: Final = ("json", "yaml")

NOTHING: Final = "No data found"
"""Printed for an empty list, as in Airflow's own lists."""

_LONGEST_TEXT: Final = 120


def as_json(value: object) -> JsonValue:
    """Convert a dataclass of the domain to a JSON value, field by field, with the same names."""
    if isinstance(value, Payload):
        return {
            "type": value.type,
            "size": value.size,
            "sha256": value.sha256,
            "is_masked": value.is_masked,
            "value": json.loads(value.text),
        }
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return as_json(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key.value if isinstance(key, Enum) else key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"Cannot convert a {type(value).__name__} to JSON.")


def print_for_programs(value: JsonValue, output: str) -> None:
    """Print a value as ``json`` or ``yaml``."""
    if output == "json":
        print(json.dumps(value, indent=2))
    else:
        # Airflow's own yaml.dump uses libyaml, which cannot write lone surrogates.
        print(yaml.safe_dump(value, sort_keys=False), end="")


def print_rows(rows: Sequence[Mapping[str, object]], output: str) -> None:
    """Print rows with the same columns as ``table`` or ``plain``.

    ``plain`` is our own format, with one line per row, ``-`` for None, and spaces in texts preserved. Airflow's would
    read the key "007" as a number and print 7. A table that is too wide for the terminal is printed as records with one
    line per value, so that no id is broken.
    """
    if output == "plain":
        _print_plain(rows)
        return
    if not rows:
        print(NOTHING)
    elif fits(rows):
        print_wide(as_table(rows))
    else:
        _print_records(Console(), rows)


def fits(rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether the rows fit the terminal as a table. Always true without a terminal."""
    console = Console()
    return not console.is_terminal or console.natural_width(as_table(rows)) <= console.width


def as_table(rows: Sequence[Mapping[str, object]]) -> SimpleTable:
    """Rows with the same columns as a table with one line per row. A rich cell is kept unchanged."""
    table = SimpleTable(show_header=True)  # type: ignore[no-untyped-call]  # Airflow does not annotate it
    table.caption = None  # Airflow's caption is a line of spaces
    for column in rows[0] if rows else ():
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(value if isinstance(value, Text) else _cell(value) for value in row.values()))
    return table


def print_wide(*things: RenderableType) -> None:
    """Print rich renderables without wrapping lines; the terminal wraps them."""
    console = Console()
    console.widen()
    for thing in things:
        console.print(thing)


def print_text(text: str, *, is_error: bool = False, end: str = "\n") -> None:
    """Print a message of one or more lines.

    :param is_error: print to stderr and flush, so that stdout has only the answer.
    """
    print(shown_text(text, keep="\n"), end=end, file=sys.stderr if is_error else sys.stdout, flush=is_error)


def write_raw(text: str) -> None:
    """Write a frame of a watch to stdout and flush: text that this module printed before, and cursor movements."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_file_part(text: str) -> None:
    """Write a part of a file to stdout unchanged; on a terminal, which would act on them, escape control characters."""
    sys.stdout.write(shown_text(text, keep="\r\n") if sys.stdout.isatty() else text)


def print_section(title: str, rows: Sequence[Mapping[str, object]], output: str) -> None:
    """Print rows under a title; nothing if there are none."""
    if rows:
        print_text(f"{title}:")
        print_rows(rows, output)
        if output == "plain":
            print()


def short_time(moment: datetime | None) -> str:
    """A time for people, to the second, in UTC; empty for None."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"


def short_duration(duration: timedelta) -> str:
    """A duration for people, in its two largest units: ``45s``, ``3m 20s``, ``2h 5m``, ``4d 1h``."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60}s"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600}h"


def exact_duration(duration: timedelta) -> str:
    """Like :func:`short_duration`, but in milliseconds below 10 seconds: ``840ms``."""
    milliseconds = max(0, duration // timedelta(milliseconds=1))
    return f"{milliseconds}ms" if milliseconds < 10_000 else short_duration(duration)


def short_age(duration: timedelta) -> str:
    """A duration for people, in its largest unit only: ``45s``, ``3m``, ``2h``, ``4d``."""
    return short_duration(duration).partition(" ")[0]


def shortened(text: str, longest: int = _LONGEST_TEXT) -> str:
    """The text, or its beginning with ``...`` if it is longer than ``longest`` characters (default 120)."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def _cell(value: object) -> str:
    return shown_text(_as_text(value))


def _plain_cell(value: object) -> str:
    return shown_text(_as_text(value).replace("\n", " ")) or "-"


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value.value) if isinstance(value, Enum) else str(value)


def _print_plain(rows: Sequence[Mapping[str, object]]) -> None:
    if not rows:
        print(NOTHING)
        return
    lines = [list(rows[0]), *([_plain_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_records(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """Print one line per value, and a rule above each row, like psql's expanded display."""
    width = max(len(column) for column in rows[0])
    for number, row in enumerate(rows, start=1):
        print_text(f"-[ {number} ]".ljust(console.width, "-"))
        for column, value in row.items():
            if cell := _cell(value):
                print_text(f"{column.ljust(width)} | {cell}")
