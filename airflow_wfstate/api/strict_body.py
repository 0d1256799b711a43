"""Validate the bodies of users' actions strictly: no unknown fields, and no values of another type."""

from __future__ import annotations

from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import ConfigDict, StrictBool, StrictInt

STRICT_BODY: Final = ConfigDict(extra="forbid")
"""For the bodies of actions: with a mistyped ``compansate``, a cancel would otherwise not compensate."""

_EXACT: Final = {int: StrictInt, bool: StrictBool}


def exact(annotation: Any) -> Any:
    """The type of a field without pydantic's conversions: ``false`` is not a number, ``"yes"`` is not a boolean."""
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(exact(member) for member in get_args(annotation))]  # noqa: UP007  # its members are only known at run time
    return _EXACT.get(annotation, annotation)
