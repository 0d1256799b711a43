"""The names of named tuples inside dataclasses, attrs classes and pydantic models, which Airflow's serialisation drops.

Redaction looks for them: without its name, ``card_number`` of such a tuple would be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.text.wrapped import CLASS, DATA, FIELDS, VERSION


def field_names(value: object, length: int) -> list[JsonValue] | None:
    """The names of the items of a named tuple; None for anything else, and for another number of items."""
    names = getattr(value, "_fields", None) if isinstance(value, tuple) else None
    return [str(name) for name in names] if isinstance(names, tuple) and len(names) == length else None


def with_field_names(plain: JsonValue, value: object) -> JsonValue:
    """What Airflow made of a value, with the names of the named tuples in it; it is changed in place.

    A named tuple that pydantic made a list of becomes a tuple, as the others are. Where the form does not follow the
    value (a class with a ``serialize`` of its own), it is left as it is.
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
    """What Airflow has written under this name; None when it is not known."""
    if isinstance(value, Mapping):
        return next((member for key, member in value.items() if str(key) == name), None)
    fields: Any = getattr(type(value), "model_fields", {})  # of a pydantic model, which may write aliases
    aliased = (field for field, told in fields.items() if name in (told.serialization_alias, told.alias))
    return getattr(value, next(aliased, name), None)
