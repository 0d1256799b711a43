"""What a person asks for is taken word by word: no field that an action does not have, no value of another type."""

from __future__ import annotations

from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import ConfigDict, StrictBool, StrictInt

STRICT_BODY: Final = ConfigDict(extra="forbid")
"""Of the bodies of cancel, compensate, resume, restart and decisions: ``compansate`` would cancel without an undo."""

_EXACT: Final = {int: StrictInt, bool: StrictBool}


def exact(annotation: Any) -> Any:
    """The type of a field, without pydantic's conversions: ``false`` is no number, ``"yes"`` no truth value."""
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(exact(member) for member in get_args(annotation))]  # noqa: UP007  # of members that are known at run time
    return _EXACT.get(annotation, annotation)
