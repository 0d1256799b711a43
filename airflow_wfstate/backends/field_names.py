"""Keep the field names of named tuples inside dataclasses, attrs classes and pydantic models.

Airflow's serialisation drops them. Redaction needs them: without the name, the ``card_number`` of such a tuple would be
shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.text.wrapped import CLASS, DATA, FIELDS, VERSION


def field_names(value: object, length: int) -> list[JsonValue] | None:
    """The field names of a named tuple; None for anything else, or if the number of items differs."""
    names = getattr(value, "_fields", None) if isinstance(value, tuple) else None
    return [str(name) for name in names] if isinstance(names, tuple) and len(names) == length else None


def with_field_names(plain: JsonValue, value: object) -> JsonValue:
    """Add the field names of named tuples to what Airflow made of a value. Changes it in place.

    A named tuple that pydantic turned into a list becomes a tuple, like the others. Where the serialised form does not
    mirror the value (a class with its own ``serialize``), it is left alone.
    """
    if isinstance(plain, list):
        return _list(plain, value)
    if isinstance(plain, dict):
        _object(plain, value)
    return plain


def _list(plain: list[JsonValue], value: object) -> JsonValue:
    _items(plain, value)
    names = field_names(value, len(plain))
    return plain if names is None else {CLASS: "builtins.tuple", VERSION: 1, DATA: plain, FIELDS: names}


def _object(plain: dict[str, JsonValue], value: object) -> None:
    data = plain.get(DATA) if CLASS in plain else plain
    if isinstance(data, list):
        _items(data, value)
        if (names := field_names(value, len(data))) is not None:
            plain[FIELDS] = names
    elif isinstance(data, dict):
        for name, member in data.items():
            if isinstance(member, (list, dict)):
                data[name] = with_field_names(member, _member(value, name))


def _items(plain: list[JsonValue], value: object) -> None:
    if isinstance(value, (list, tuple, set, frozenset)) and len(value) == len(plain):
        plain[:] = map(with_field_names, plain, value)


def _member(value: object, name: str) -> object:
    """The value that Airflow wrote under this name; None if it cannot be told."""
    if isinstance(value, Mapping):
        return next((member for key, member in value.items() if str(key) == name), None)
    fields: Any = getattr(type(value), "model_fields", {})  # a pydantic model may serialise by alias
    aliased = (field for field, told in fields.items() if name in (told.serialization_alias, told.alias))
    return getattr(value, next(aliased, name), None)
