"""What a command prints, in each of Airflow's four formats.

``json`` and ``yaml`` are for programs: keys in snake_case, times in ISO 8601 with an offset, durations in keys that
end in ``_seconds``, enumerations by value, numbers as numbers and nothing as null. ``table`` and ``plain`` are for
people, and ``plain`` also for ``grep`` and ``awk``: control characters, and those that are invisible or change the
direction of text, are shown as escapes there (``domain/rules/characters.py``), and in every message. No other module of
the command line prints.
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
from airflow.cli.simple_table import AirflowConsole

from airflow_wfstate.domain.rules.characters import shown_text
from airflow_wfstate.domain.rules.payload import JsonValue, Payload

PROGRAM_FORMATS: Final = ("json", "yaml")

_LONGEST_TEXT: Final = 120


def as_json(value: object) -> JsonValue:
    """The JSON value of a dataclass of the domain, field by field, under the same names."""
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
    raise TypeError(f"No JSON form for a {type(value).__name__}.")


def print_for_programs(value: JsonValue, output: str) -> None:
    """Print a value as ``json`` or ``yaml``."""
    if output == "json":
        print(json.dumps(value, indent=2))
    else:
        # Airflow's own yaml.dump uses libyaml, which cannot write lone surrogates.
        print(yaml.safe_dump(value, sort_keys=False), end="")


def print_rows(rows: Sequence[Mapping[str, object]], output: str) -> None:
    """Print rows that have the same columns as ``table`` or ``plain``.

    ``plain`` is ours, one line a row and ``-`` for nothing, with the spaces of a text as they are: Airflow's reads the
    key "007" as a number and prints 7.
    """
    if output == "plain":
        _print_plain(rows)
    else:
        _console().print_as_table([{column: _cell(value) for column, value in row.items()} for row in rows])


def print_text(text: str, *, is_error: bool = False, end: str = "\n") -> None:
    """Print a message of one or several lines.

    :param is_error: on stderr, at once, so that stdout holds the answer alone.
    """
    print(shown_text(text, keep="\n"), end=end, file=sys.stderr if is_error else sys.stdout, flush=is_error)


def print_section(title: str, rows: Sequence[Mapping[str, object]], output: str) -> None:
    """Print rows under a title; nothing at all when there are none."""
    if rows:
        print_text(f"{title}:")
        print_rows(rows, output)
        if output == "plain":
            print()


def short_time(moment: datetime | None) -> str:
    """A time for people, to the second, in UTC; empty for None."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"


def short_duration(duration: timedelta) -> str:
    """A duration for people in its two largest units: ``45s``, ``3m 20s``, ``2h 5m``, ``4d 1h``."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60}s"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600}h"


def shortened(text: str) -> str:
    """The text, or its beginning and ``...`` when it is longer than 120 characters."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


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
        print("No data found")
        return
    lines = [list(rows[0]), *([_plain_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _console() -> AirflowConsole:
    # Text of users ("[red]", ":bug:") is no markup of rich's.
    return AirflowConsole(markup=False, emoji=False, highlight=False)
