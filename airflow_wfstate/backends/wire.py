"""Convert the domain's dataclasses to JSON and back, for the HTTP client and the server."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from airflow_wfstate.exceptions import InvalidName

Kind = TypeVar("Kind")

_ADAPTERS: Final[dict[type[object], TypeAdapter[Any]]] = {}


def to_json(value: object, *, without: Set[str] = frozenset(), defaults: bool = True) -> bytes:
    """Write a dataclass as JSON.

    :param without: fields to leave out.
    :param defaults: whether to include fields that have their default. A client leaves them out, so that a server one
        version older, which refuses unknown fields, accepts its requests.
    :raises InvalidName: a text contains a lone surrogate, which cannot be encoded as UTF-8. (Payloads are ASCII.)
    """
    try:
        return _adapter(type(value)).dump_json(value, exclude=set(without), exclude_defaults=not defaults)
    except PydanticSerializationError as error:
        raise InvalidName(
            f"A text of {type(value).__name__} cannot be sent: {error}.", "Leave out lone surrogates."
        ) from error


def from_json(kind: type[Kind], text: bytes) -> Kind:
    """Read a dataclass from JSON.

    :raises ValueError: the text is not JSON, or does not describe a ``kind``.
    """
    return _adapter(kind).validate_json(text)


def prepare(kind: type[object]) -> None:
    """Build what turns this dataclass into JSON and back, which its first use would do."""
    _adapter(kind)


def _adapter(kind: type[Kind]) -> TypeAdapter[Kind]:
    # Building an adapter takes milliseconds, using it takes microseconds.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
