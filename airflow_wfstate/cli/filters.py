"""The filters of ``airflow wfstate list`` and ``journal``, with one option per filter field.

This module is imported whenever ``airflow`` starts.
"""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from enum import Enum
from typing import Any, get_args

from airflow_wfstate.cli.arg import Arg
from airflow_wfstate.cli.arguments import parse_choices, parse_since
from airflow_wfstate.cli.completers import BY_FILTER
from airflow_wfstate.domain.messages.asked import AskedField, asked_fields


def filter_arguments(message: type[Any]) -> dict[str, Arg]:
    """The options for the filters of a message by field name, in the order of the fields."""
    return {field.name: _argument(field) for field in _fields(message)}


def filters_of(message: type[Any], arguments: Namespace, now: datetime) -> dict[str, Any]:
    """The values of the options by field name. An option that the command does not have is left out.

    :raises InvalidRequest: the value of an option is not valid for its field.
    """
    given = [(field, getattr(arguments, field.parameter, None)) for field in _fields(message)]
    return {field.name: _value(field, value, now) for field, value in given if value not in (None, False)}


def _fields(message: type[Any]) -> list[AskedField]:
    return [field for field in asked_fields(message) if field.asked.is_filter and field.asked.has_option]


def _argument(field: AskedField) -> Arg:
    flag, text = f"--{field.parameter.replace('_', '-')}", field.asked.help
    kind = _kind(field)
    if kind is bool:
        return Arg((flag,), action="store_true", help=text)
    if kind is int:
        return Arg((flag,), type=int, help=text)
    if kind is datetime:
        how = "ISO 8601 (UTC without an offset), or how long ago: 90s, 30m, 2h, 1d or 4w"
        return Arg((flag,), help=f"{text}: {how}")
    if field.asked.parse is not None:
        return Arg((flag,), action="append", help=f"{text}; may be repeated")
    if issubclass(kind, Enum):
        return Arg(
            (flag,),
            action="append",
            completer=BY_FILTER.get(field.name),
            help=f"{text}; may be repeated, or a comma-separated list",
        )
    return Arg((flag,), completer=BY_FILTER.get(field.name), help=text)


def _value(field: AskedField, given: Any, now: datetime) -> object:
    kind = _kind(field)
    if kind is datetime:
        return parse_since(given, now)
    if field.asked.parse is not None:
        return field.asked.parse(given)
    return parse_choices(kind, given) if issubclass(kind, Enum) else given


def _kind(field: AskedField) -> type[Any]:
    """The type of a single value of a field."""
    inner: tuple[type[Any], ...] = get_args(field.type)
    return inner[0] if inner else field.type
