"""Turn the fields of a message into query parameters of a route, and back."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import MISSING
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator, StringConstraints

from airflow_wfstate.domain.messages.asked import AskedField, asked_fields

Message = TypeVar("Message")

_NO_NUL: Final = r"^[^\x00]*$"


def _not_a_number(text: object) -> object:
    """Check that the text is not a number, which pydantic would take for seconds since 1970."""
    if isinstance(text, str) and re.fullmatch(r"[-+]?[0-9._]+([eE][-+]?[0-9]+)?", text):
        raise ValueError("a number is not a time")
    return text


_TIME: Final = BeforeValidator(_not_a_number)


def signature_of(message: type[Any]) -> list[inspect.Parameter]:
    """Function parameters for FastAPI, one for each field that can be a query parameter."""
    return [
        inspect.Parameter(
            field.parameter,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=_annotation(field),
        )
        for field in asked_fields(message)
    ]


def _default(field: AskedField) -> object:
    if field.default is MISSING:
        return inspect.Parameter.empty  # required
    return None if _is_repeated(field) else field.default


def message_of(message: type[Message], given: Mapping[str, Any]) -> Message:
    """Build the message from the path and the parameters of a request.

    :raises InvalidRequest: the value of a repeatable parameter is not valid for its field.
    """
    values: dict[str, Any] = {}
    filters: dict[str, dict[str, Any]] = {}
    for field in asked_fields(message):
        holder = values if field.within is None else filters.setdefault(field.within, {})
        holder[field.name] = _value(field, given[field.parameter])
    types = get_type_hints(message)
    values |= {name: types[name](**narrowing) for name, narrowing in filters.items()}
    for name in types.keys() - values.keys() & given.keys():  # from the path
        values[name] = given[name]
    return message(**values)


def most_of(field: AskedField) -> int:
    """How often the parameter may be repeated."""
    if not _is_repeated(field):
        return 1
    states = _listed_enum(field)
    return field.asked.max_items if states is None else len(states)


def _value(field: AskedField, given: Any) -> Any:
    if given is None:
        return field.default
    return given if field.asked.parse is None else field.asked.parse(given)


def _annotation(field: AskedField) -> object:
    said = field.asked
    text = f"{said.help}."
    if _is_repeated(field):
        item = _listed_enum(field) or Annotated[str, _text_of(field)]
        return Annotated[list[item] | None, Query(max_length=most_of(field), description=text)]  # type: ignore[valid-type]  # created at run time
    kind = _plain(field.type)
    if kind is datetime:  # no message has a required time
        return Annotated[AwareDatetime | None, _TIME, Query(description=f"{text} ISO 8601, with an offset.")]
    if kind is str:
        return Annotated[field.type, _text_of(field), Query(description=text)]
    return Annotated[field.type, Query(ge=said.at_least, le=said.at_most, description=text)]


def _text_of(field: AskedField) -> StringConstraints:
    return StringConstraints(max_length=field.asked.max_length, pattern=field.asked.pattern or _NO_NUL)


def _is_repeated(field: AskedField) -> bool:
    return field.asked.parse is not None or _listed_enum(field) is not None


def _listed_enum(field: AskedField) -> type[Enum] | None:
    """For a list of states, their enum; None for any other field."""
    items = get_args(field.type) if get_origin(field.type) is list else ()
    return items[0] if items and issubclass(items[0], Enum) else None


def _plain(kind: Any) -> object:
    """The type without None."""
    return get_args(kind)[0] if isinstance(kind, UnionType) else kind
