"""Find out what kind of function an author gave, looking through partials, methods and callable objects."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from airflow_wfstate.exceptions import InvalidDag


def is_coroutine_function(function: object) -> bool:
    """Whether calling it returns a coroutine, which does nothing until it is awaited."""
    return inspect.iscoroutinefunction(_code_of(function))


def is_generator_function(function: object) -> bool:
    """Whether it has a ``yield``, so that calling it returns a (possibly async) generator and runs none of its body."""
    code = _code_of(function)
    return inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code)


def name_of(function: object) -> str:
    """Its name for error messages."""
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", None) or type(function).__name__)


def check_plain_function(option: str, function: Callable[..., Any]) -> None:
    """Check that calling a function does its work and returns a value immediately.

    :param option: the option with which the author gave it.
    :raises InvalidDag: it is async, or has a ``yield``.
    """
    if is_generator_function(function):
        raise InvalidDag(
            f"{option}={name_of(function)} has a yield: calling it would not run its body.",
            "Use a function that returns its result.",
        )
    if is_coroutine_function(function):
        raise InvalidDag(
            f"{option}={name_of(function)} is async, and nobody would await it.", "Use a function that is not async."
        )


def _code_of(function: object) -> object:
    """The function whose body a call runs; the object itself if that cannot be determined."""
    while isinstance(function, partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return getattr(type(function), "__call__", function)  # noqa: B004 - we need the method, not whether there is one
