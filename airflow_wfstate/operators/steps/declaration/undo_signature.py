"""Check the signature of a compensation handler when the DAG is parsed, not when money has to be returned."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Any, Final

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.user_function import is_generator_function, name_of

_OUTPUT: Final = "output"
_COMPENSATION: Final = "compensation"
_CONTEXT_CLASS: Final = "CompensationContext"
_AIRFLOWS: Final = frozenset({"context", "ti", "task_instance", "dag_run", "params"})
"""Parameter names for Airflow's context or parts of it. Task functions get these, compensation handlers do not."""

_SHAPES: Final = "(output, compensation), (output), () or (*arguments)"
_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def check_undo(function: Callable[..., Any]) -> None:
    """Check that a function can be called as the compensation of a step, and would do its work.

    A function whose parameters cannot be inspected, such as some builtins, passes.

    :raises InvalidDag: it has a ``yield``, is a class, or has parameters that do not match what it would be given.
    """
    name = name_of(function)
    if inspect.isclass(function):
        raise InvalidDag(
            f"The compensation {name} is a class.", "Give a function. It may return a classic operator to run."
        )
    if is_generator_function(function):
        raise InvalidDag(
            f"The compensation {name} has a yield: calling it would undo nothing.", "Do the undo, and return."
        )
    parameters = _parameters(function)
    if parameters is None:
        return
    complaint = _complaint(parameters)
    if complaint is not None:
        raise InvalidDag(
            f"The compensation {name} {complaint}.",
            f"Write it as {name}{_SHAPES}; bind other values by name, with functools.partial or keyword-only "
            "parameters that have defaults.",
        )


def arguments_of(function: Callable[..., Any], output: object, compensation: object) -> tuple[object, ...]:
    """The arguments for a compensation handler: output and compensation, or only as many as it has parameters."""
    parameters = _parameters(function)
    if parameters is None or any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return (output, compensation)
    return (output, compensation)[: sum(parameter.kind in _POSITIONAL for parameter in parameters)]


def _parameters(function: Callable[..., Any]) -> list[Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # a builtin that cannot be inspected
        return None


def _complaint(parameters: list[Parameter]) -> str | None:
    """Why a function with these parameters cannot be a compensation; None if it can."""
    positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
    required = [parameter.name for parameter in positional if parameter.default is Parameter.empty]
    if len(required) > 2:
        return f"takes {len(required)} arguments ({', '.join(required)}), but is given two"
    for parameter in parameters:
        if parameter.kind is Parameter.KEYWORD_ONLY and parameter.default is Parameter.empty:
            return f"needs {parameter.name} by name, but is not given it"
    takes_any = any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters)
    for parameter in parameters:
        expects_context = parameter.kind is Parameter.VAR_KEYWORD and not takes_any and len(positional) < 2
        if expects_context or (parameter.kind is Parameter.VAR_KEYWORD and parameter.name in _AIRFLOWS):
            return f"expects Airflow's context in **{parameter.name}, but is given nothing by name"
    if positional:
        return _misplaced(positional[0], positional[1] if len(positional) > 1 else None)
    return None


def _misplaced(first: Parameter, second: Parameter | None) -> str | None:
    if _is_compensation(first):
        return f"would be given the output as {first.name}: the output comes first"
    if first.name in _AIRFLOWS:
        return f"would be given the output as {first.name}; it does not get Airflow's context"
    if second is not None and second.name == _OUTPUT:
        return "would be given the compensation as output: the output comes first"
    bound = [(first, _OUTPUT, first.name == _OUTPUT)]
    if second is not None:
        bound.append((second, _COMPENSATION, _is_compensation(second)))
    for parameter, given, is_meant in bound:
        if not is_meant and parameter.default not in (Parameter.empty, None):
            return f"would be given the {given} as {parameter.name}, instead of its default"
    return None


def _is_compensation(parameter: Parameter) -> bool:
    annotation = parameter.annotation
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return parameter.name == _COMPENSATION or str(name).strip("'\"").rpartition(".")[2] == _CONTEXT_CLASS
