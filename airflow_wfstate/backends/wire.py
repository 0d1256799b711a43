"""The domain's dataclasses as JSON, for both ends of the HTTP way."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from airflow_wfstate.exceptions import InvalidName

Kind = TypeVar("Kind")

_ADAPTERS: Final[dict[type[object], TypeAdapter[Any]]] = {}


def to_json(value: object, *, without: Set[str] = frozenset()) -> bytes:
    """The JSON of a dataclass.

    :param without: fields that are left out.
    :raises InvalidName: a text holds a lone surrogate, which has no UTF-8 form. (Payloads are ASCII.)
    """
    try:
        return _adapter(type(value)).dump_json(value, exclude=set(without))
    except PydanticSerializationError as error:
        raise InvalidName(
            f"A text of {type(value).__name__} cannot be sent: {error}.", "Leave out lone surrogates."
        ) from error


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
