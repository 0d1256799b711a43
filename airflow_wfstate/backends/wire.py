"""The domain's dataclasses as JSON, for both ends of the HTTP way."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from airflow_wfstate.exceptions import InvalidName

Kind = TypeVar("Kind")

_ADAPTERS: Final[dict[type[object], TypeAdapter[Any]]] = {}


def to_json(value: object, *, without: Set[str] = frozenset(), defaults: bool = True) -> bytes:
    """The JSON of a dataclass.

    :param without: fields that are left out.
    :param defaults: whether fields that have their default are told. A client leaves them out, so that a server that
        is one version older, and refuses fields that it does not know, takes its requests.
    :raises InvalidName: a text holds a lone surrogate, which has no UTF-8 form. (Payloads are ASCII.)
    """
    try:
        return _adapter(type(value)).dump_json(value, exclude=set(without), exclude_defaults=not defaults)
    except PydanticSerializationError as error:
        raise InvalidName(
            f"A text of {type(value).__name__} cannot be sent: {error}.", "Leave out lone surrogates."
        ) from error


def from_json(kind: type[Kind], text: bytes) -> Kind:
    """The dataclass of a JSON text.

    :raises ValueError: the text is no JSON, or does not describe a ``kind``.
    """
    return _adapter(kind).validate_json(text)


def prepare(kind: type[object]) -> None:
    """Build what turns this dataclass into JSON and back, which its first use would do."""
    _adapter(kind)


def _adapter(kind: type[Kind]) -> TypeAdapter[Kind]:
    # Building one takes milliseconds, using it microseconds.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
