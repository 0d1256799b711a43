"""A compensation handler: what it is given, how it is found, and how it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from airflow_wfstate import conf
from airflow_wfstate.backends.codec import decode
from airflow_wfstate.domain.compensation import TASK_HANDLER, CompensationWork
from airflow_wfstate.domain.workflow import WorkflowRef
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.step_options import CompensationHandler, step_options_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator


@dataclass(frozen=True)
class CompensationContext:
    """The second argument of a compensation ``fn(output, compensation)``.

    :param workflow: that is being compensated.
    :param step_name: of the step to undo.
    :param item_key: of a mapped step; empty otherwise.
    :param error: why the workflow is undone: its first error, or who cancelled it and for what reason, or the deadline
        that has passed.
    :param idempotency_key: of the undo, the same on every attempt of it: hand it to the outside system.
    :param step_idempotency_key: that the forward round had.
    :param attempt: of the compensation, from 1.
    :param output: of the round; None when it has none: it failed or its end is unknown, so it may have acted.
    """

    workflow: WorkflowRef
    step_name: str
    item_key: str
    error: str | None
    idempotency_key: str
    step_idempotency_key: str
    attempt: int
    output: object


def call_handler(
    work: CompensationWork,
    workflow: WorkflowRef,
    tasks: Iterable[AbstractOperator],
    run_operator: Callable[[BaseOperator, dict[str, object]], None],
) -> None:
    """Run one compensation. Whatever the handler raises passes through.

    The handler gets the output and the :class:`CompensationContext`, or as many of both as it has parameters for. It
    may return a classic operator, which is run in its place.

    :param tasks: of the DAG that did the step.
    :param run_operator: runs such an operator; the mapping (``output``, ``compensation``) is for its templates.
    :raises InvalidDag: the handler cannot be found, or returned a mapped task or an XComArg.
    """
    handler = find_handler(work.handler, tasks)
    output = None if work.output is None else decode(work.output)
    compensation = CompensationContext(
        workflow=workflow,
        step_name=work.step_name,
        item_key=work.item_key,
        error=work.error,
        idempotency_key=work.idempotency_key,
        step_idempotency_key=work.step_idempotency_key,
        attempt=work.attempt,
        output=output,
    )
    result = handler(*(output, compensation)[: _parameter_count(handler)])
    operator = _operator_of(result, work)
    if operator is not None:
        run_operator(operator, {"output": output, "compensation": compensation})


def _parameter_count(handler: CompensationHandler) -> int:
    """How many of the two arguments a handler takes by position."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except ValueError:  # a builtin that does not tell
        return 2
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 2
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in positional for parameter in parameters)


def find_handler(handler: str, tasks: Iterable[AbstractOperator]) -> CompensationHandler:
    """The function that a handler names.

    :param handler: ``task:<task id>`` or ``module:function``.
    :raises InvalidDag: no task of the DAG declares it (any more), or it cannot be imported.
    """
    declared = {task.task_id: options.compensate for task in tasks if (options := step_options_of(task)) is not None}
    if handler.startswith(TASK_HANDLER):
        function = declared.get(handler.removeprefix(TASK_HANDLER))
        if callable(function):
            return function
        raise InvalidDag(
            f"The DAG has no task {handler.removeprefix(TASK_HANDLER)!r} that declares a function as its compensation.",
            "The DAG was changed since the step ran: bring the task back, with compensate=<function>.",
        )
    # A name from the database is imported only if the DAG's code has it too, or the administrator allows its module.
    if handler not in declared.values() and not conf.allows_handler(handler):
        raise InvalidDag(
            f"No task of the DAG declares the compensation {handler!r}.",
            "The DAG was changed since the step ran: bring compensate='module:function' back, or let the "
            "administrator add its module to [wfstate] handler_modules.",
        )
    return import_handler(handler)


def import_handler(handler: str) -> CompensationHandler:
    """The function ``module:function``.

    :raises InvalidDag: it cannot be imported, or is no function.
    """
    module, _, path = handler.partition(":")
    try:
        found: object = import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise InvalidDag(
            f"The compensation {handler!r} cannot be imported: {error}.", "Make it importable on the workers."
        ) from error
    if not callable(found):
        raise InvalidDag(f"The compensation {handler!r} is no function.", "Name a function.")
    return cast("CompensationHandler", found)


def _operator_of(result: object, work: CompensationWork) -> BaseOperator | None:
    # Imported when needed: only a relay with something to undo gets here.
    from airflow.sdk import BaseOperator, XComArg
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    if isinstance(result, (MappedOperator, XComArg)):
        raise InvalidDag(
            f"The compensation {work.handler!r} returned a task of a DAG, which was not run.",
            "Return a classic operator, or do the undo in the function itself.",
        )
    return result if isinstance(result, BaseOperator) else None
