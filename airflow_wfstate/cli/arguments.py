"""Parse arguments of commands: times, durations, states, versions of code."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Final, TypeVar

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.text.moment import parse_moment
from airflow_wfstate.exceptions import InvalidRequest

Choice = TypeVar("Choice", bound=Enum)

_NOUNS: Final[dict[type[Enum], tuple[str, str]]] = {
    WorkflowState: ("state of a workflow", "states"),
    StepState: ("state of a step", "states"),
    EntryKind: ("kind of journal entry", "kinds"),
}
"""The singular and the plural for an option's choices."""

_LONGEST_PAUSE: Final = 86_400
"""Seconds between two polls."""

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def code(arguments: Namespace) -> Code | None:
    """The value of ``--code``; None if it was not given."""
    return None if arguments.code is None else Code(arguments.code)


def check_every(seconds: int) -> None:
    """Check the value of ``--every``.

    :raises InvalidRequest: it is out of range.
    """
    if not 1 <= seconds <= _LONGEST_PAUSE:
        raise InvalidRequest(f"--every {seconds} is out of range.", f"Give 1 to {_LONGEST_PAUSE} seconds.")


def parse_duration(text: str) -> timedelta:
    """Parse a duration: a whole number followed by s, m, h, d or w.

    :raises InvalidRequest: the text is not a duration, or the duration is zero or too long.
    """
    found = re.fullmatch(r"(\d{1,9})([smhdw])", text.strip(), re.ASCII)
    if found is None or int(found[1]) == 0:
        raise InvalidRequest(f"{text!r} is not a duration.", "Write it as 90s, 30m, 2h, 1d or 4w.")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise InvalidRequest(f"{text!r} is too long.", "Give at most a hundred years.") from None


def parse_since(text: str, now: datetime) -> datetime:
    """Parse the value of ``--since``.

    :param text: a time in ISO 8601, in UTC unless it has an offset; or a number with s, m, h, d or w, counted back from
        ``now``.
    :raises InvalidRequest: it is neither.
    """
    try:
        if ago := re.fullmatch(r"(\d+)([smhdw])", text, re.ASCII):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = parse_moment(text)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{text!r} is not a time.",
            "Write it as 2026-03-01T12:00:00+00:00, or how long ago, as 90s, 30m, 2h, 1d or 4w.",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def parse_choices(kind: type[Choice], texts: Sequence[str]) -> list[Choice]:
    """Parse the values of an option. Each text may contain several values, separated by commas.

    :param kind: states of a workflow or of a step, or kinds of journal entries.
    :raises InvalidRequest: a value is not one of these.
    """
    return [_choice(kind, name.strip()) for text in texts for name in text.split(",")]


def _choice(kind: type[Choice], name: str) -> Choice:
    try:
        return kind(name)
    except ValueError:
        one, all_of_them = _NOUNS[kind]
        known = ", ".join(str(choice.value) for choice in kind)
        raise InvalidRequest(f"{name!r} is not a {one}.", f"The {all_of_them} are {known}.") from None
