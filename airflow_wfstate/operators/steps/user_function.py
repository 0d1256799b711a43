"""What kind of function an author has given: seen through partials, methods and callable objects."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from airflow_wfstate.exceptions import InvalidDag


def is_coroutine_function(function: object) -> bool:
    """Whether calling it gives a coroutine, which does nothing until it is awaited."""
    return inspect.iscoroutinefunction(_code_of(function))


def is_generator_function(function: object) -> bool:
    """Whether it has a ``yield``, so that calling it gives a generator (or an async one) and runs none of its body."""
    code = _code_of(function)
    return inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code)


def name_of(function: object) -> str:
    """How errors call it."""
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", None) or type(function).__name__)


def check_plain_function(option: str, function: Callable[..., Any]) -> None:
    """Check that calling a function does its work and gives a value, at once.

    :param option: through which the author gave it.
    :raises InvalidDag: it is async, or has a ``yield``.
    """
    if is_generator_function(function):
        raise InvalidDag(
            f"{option}={name_of(function)} has a yield: calling it would run nothing of it.",
            "Give a function that returns its result.",
        )
    if is_coroutine_function(function):
        raise InvalidDag(
            f"{option}={name_of(function)} is async, and nobody would await it.", "Give a function that is not."
        )


def _code_of(function: object) -> object:
    """The function whose body a call runs; the object itself where that is unknown."""
    while isinstance(function, partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return getattr(type(function), "__call__", function)  # noqa: B004 - the method, not whether there is one
