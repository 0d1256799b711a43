"""The domain's dataclasses as JSON, for both ends of the HTTP way."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

Kind = TypeVar("Kind")

_ADAPTERS: Final[dict[type[object], TypeAdapter[Any]]] = {}


def to_json(value: object) -> bytes:
    """The JSON of a dataclass."""
    return _adapter(type(value)).dump_json(value)


def from_json(kind: type[Kind], text: bytes) -> Kind:
    """The dataclass of a JSON text.

    :raises ValueError: the text is no JSON, or does not describe a ``kind``.
    """
    return _adapter(kind).validate_json(text)


def _adapter(kind: type[Kind]) -> TypeAdapter[Kind]:
    # Building one takes milliseconds, using it microseconds.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
