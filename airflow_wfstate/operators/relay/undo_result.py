"""Interpret what a compensation handler returned: nothing, data, operators to run, or something meaningless."""

from __future__ import annotations

import datetime
import inspect
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.exceptions import InvalidDag, InvalidPayload, PayloadTooLarge
from airflow_wfstate.operators.steps.declaration.options import step_options_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

_DATA: Final = (
    *(bool, int, float, complex, str, bytes, bytearray, Decimal, Enum, uuid.UUID),
    *(datetime.date, datetime.time, datetime.timedelta),
)
_MAX_DEPTH: Final = 50
_REMEDY: Final = (
    "Return nothing, plain data such as a dict, a string or a number, or a classic operator or a list of them, which "
    "the relay runs in order."
)


def operators_of(handler: str, result: object) -> list[BaseOperator]:
    """The operators that a handler returned, in order; empty if it did the undo itself.

    :param handler: its name for error messages.
    :raises InvalidDag: the result says neither that the undo is done nor how to do it.
    """
    # Imported only when needed: most relays have nothing to undo.
    from airflow.sdk import BaseOperator

    items = list(result) if type(result) in (list, tuple) else [result]  # type: ignore[call-overload]  # of both
    operators = [item for item in items if isinstance(item, BaseOperator)]
    if operators and len(operators) == len(items):
        for operator in operators:
            _check_operator(handler, operator)
        return operators
    if operators:
        raise _refusal(handler, "operators mixed with something else, so none of them was run")
    for complaint in _complaints(result, 0):
        raise _refusal(handler, complaint)
    return []


def _check_operator(handler: str, operator: BaseOperator) -> None:
    if step_options_of(operator) is not None:
        raise InvalidDag(
            f"The compensation {handler!r} returned {operator.task_id}, which is a step.",
            "Return the operator without durable(). A compensation is not a step.",
        )
    if getattr(operator, "deferrable", False):
        raise InvalidDag(
            f"The compensation {handler!r} returned {type(operator).__name__} {operator.task_id}, which is "
            "deferrable and cannot run in the relay.",
            "Use deferrable=False.",
        )


def _complaints(value: object, depth: int) -> Iterator[str]:
    """Describe what in a value makes no sense as a result, such as "a generator, ..."."""
    from airflow.sdk import BaseOperator, XComArg
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    if value is None or isinstance(value, _DATA):
        return
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, (MappedOperator, XComArg)):
        yield "a task of a DAG, which was not run"
    elif isinstance(value, BaseOperator):
        yield "an operator inside another value, which was not run"
    elif inspect.isgenerator(value) or inspect.isasyncgen(value):
        yield "a generator, of which nothing was run"
    elif inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # avoids Python's warning that it was never awaited
        yield f"{kind}, which nobody awaited"
    elif depth == _MAX_DEPTH:
        yield "a value that nests too deeply"
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _complaints(item, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _complaints(item, depth + 1)
    elif callable(value) or not _is_data(value):
        yield f"an object of type {kind}, which does not say whether the undo is done"


def _is_data(value: object) -> bool:
    """Whether a value is data: what a step might return."""
    try:
        encode(value)
    except PayloadTooLarge:
        return True
    except InvalidPayload:
        return False
    return True


def _refusal(handler: str, complaint: str) -> InvalidDag:
    return InvalidDag(f"The compensation {handler!r} returned {complaint}.", _REMEDY)
