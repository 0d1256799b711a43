"""Check whether an output can be read back: Airflow must allow its class to be deserialised."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_wfstate.backends.codec import decode
from airflow_wfstate.exceptions import InvalidPayload

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from airflow_wfstate.domain.rules.payload import Payload


def tell_what_undo_cannot_read(operator: BaseOperator, payload: Payload) -> None:
    """Warn as soon as a step has an output that its compensation could not read.

    The step has already acted, so this does not fail it. Someone who reads the log can still allow the class.
    """
    if '"__classname__"' not in payload.text:  # plain JSON
        return
    try:
        decode(payload)
    except InvalidPayload as error:
        operator.log.warning(
            "The output of the step is stored, but its compensation COULD NOT READ IT BACK and would fail: %s %s Or "
            "return plain data, such as a dict.",
            error.reason,
            error.remedy,
        )


def classes_not_allowed(function: Callable[..., Any]) -> list[str]:
    """The full names of classes in a function's return annotation that Airflow would write but not read."""
    from airflow.sdk import serde

    try:
        annotation = typing.get_type_hints(function).get("return")
    except Exception:  # a name that exists only for type checkers
        return []
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in _classes_in(annotation, 0))
    return sorted({name for name in names if not serde._match(name) and name not in _allowed_in_process()})


def _allowed_in_process() -> frozenset[str]:
    from airflow.sdk import serde

    return frozenset(getattr(serde, "_extra_allowed", ()))  # Airflow 3.3: serde.allow_class()


def _classes_in(annotation: object, depth: int) -> Iterator[type]:
    arguments = typing.get_args(annotation)
    if arguments and depth < 10:
        for argument in arguments:
            yield from _classes_in(argument, depth + 1)
    elif isinstance(annotation, type) and _is_written_by_class(annotation):
        yield annotation


def _is_written_by_class(kind: type) -> bool:
    """Whether Airflow stores values of a class with the class name, and needs the class to read them."""
    if kind.__module__ == "builtins" or kind.__module__.partition(".")[0] == "airflow":
        return False
    return (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or hasattr(kind, "__pydantic_fields__")
        or callable(getattr(kind, "serialize", None))
    )
