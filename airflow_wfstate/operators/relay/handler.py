"""Compensation handlers: their arguments, how they are found, and how they are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from airflow.sdk.exceptions import AirflowSkipException

from airflow_wfstate.allowed_handlers import allows_handler
from airflow_wfstate.backends.codec import decode
from airflow_wfstate.domain.messages.compensation import CompensationWork
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER
from airflow_wfstate.exceptions import InvalidDag, InvalidPayload
from airflow_wfstate.operators.relay.awaited import run_coroutine
from airflow_wfstate.operators.relay.undo_result import operators_of
from airflow_wfstate.operators.steps.control_flow import UNFINISHED
from airflow_wfstate.operators.steps.declaration.options import CompensationHandler, step_options_of
from airflow_wfstate.operators.steps.declaration.undo_signature import arguments_of, check_undo

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator


@dataclass(frozen=True)
class CompensationContext:
    """The second argument of a compensation ``fn(output, compensation)``.

    :param workflow: the workflow that is being compensated.
    :param step_name: name of the step to undo.
    :param item_key: item key of a mapped step; otherwise empty.
    :param error: why the workflow is compensated: its first error, or who cancelled it and why, or the deadline that
        has passed.
    :param idempotency_key: a key that is the same for every attempt of the compensation. Pass it to external systems.
    :param step_idempotency_key: the idempotency key that the round had.
    :param attempt: number of the compensation's attempt, from 1.
    :param output: output of the round. None if it has none because it failed or its outcome is unknown, so it may have
        had side effects.
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
) -> str | None:
    """Run one compensation. Exceptions of the handler pass through, except for a skip.

    The handler gets the output and the :class:`CompensationContext`, or only as many of these as it has parameters. An
    async handler is awaited. A handler may return a classic operator, or a list of them, which then run in order.

    :param tasks: the tasks of the DAG that executed the step.
    :param run_operator: runs a returned operator. The mapping (``output``, ``compensation``) is for its templates.
    :returns: why there was nothing to undo, if the handler or all of its operators raised ``AirflowSkipException``;
        None if the compensation is done.
    :raises InvalidDag: the handler cannot be found or called, cannot be given the output, waits, or returned something
        meaningless. A retry would not help.
    """
    handler = find_handler(work.handler, tasks)
    output = _output_of(work)
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
    try:
        result = handler(*arguments_of(handler, output, compensation))
        while inspect.iscoroutine(result):
            result = run_coroutine(result)
    except AirflowSkipException as skip:
        return str(skip) or "its handler raised AirflowSkipException"
    except UNFINISHED as error:
        raise InvalidDag(
            f"The compensation {work.handler!r} raised {type(error).__name__}, but a compensation cannot be deferred.",
            "Wait in the function itself, or return an operator that waits, with deferrable=False.",
        ) from error
    extra: dict[str, object] = {"output": output, "compensation": compensation}
    return _run_operators(operators_of(work.handler, result), extra, run_operator)


def _run_operators(
    operators: list[BaseOperator],
    extra: dict[str, object],
    run_operator: Callable[[BaseOperator, dict[str, object]], None],
) -> str | None:
    """Run the operators in order. If all were skipped, return why there was nothing to undo."""
    skipped = []
    for operator in operators:
        try:
            run_operator(operator, extra)
        except AirflowSkipException as skip:
            skipped.append(f"{operator.task_id}: {skip}" if str(skip) else f"{operator.task_id} was skipped")
    return "; ".join(skipped) if operators and len(skipped) == len(operators) else None


def _output_of(work: CompensationWork) -> object:
    try:
        return None if work.output is None else decode(work.output)
    except InvalidPayload as error:
        raise InvalidDag(
            f"The output of step {work.step_name} cannot be given to its undo: {error.reason}", error.remedy
        ) from error


def find_handler(handler: str, tasks: Iterable[AbstractOperator]) -> CompensationHandler:
    """Find the function that a handler names.

    :param handler: ``task:<task id>`` or ``module:function``.
    :raises InvalidDag: no task of the DAG declares it any more, or it cannot be imported.
    """
    declared = {task.task_id: options.compensate for task in tasks if (options := step_options_of(task)) is not None}
    if handler.startswith(TASK_HANDLER):
        function = declared.get(handler.removeprefix(TASK_HANDLER))
        if callable(function):
            return function  # checked when the DAG was parsed
        raise InvalidDag(
            f"The DAG has no task {handler.removeprefix(TASK_HANDLER)!r} that declares a function as its compensation.",
            "The DAG has changed since the step ran. Restore the task with compensate=<function>.",
        )
    # A name from the database is imported only if the DAG's code also has it, or the administrator allows its module.
    if handler not in declared.values() and not allows_handler(handler):
        raise InvalidDag(
            f"No task of the DAG declares the compensation {handler!r}.",
            "The DAG has changed since the step ran. Restore compensate='module:function', or ask the "
            "administrator to add its module to [wfstate] handler_modules.",
        )
    return import_handler(handler)


def import_handler(handler: str) -> CompensationHandler:
    """Import the function ``module:function``.

    :raises InvalidDag: it cannot be imported, is not a function, or cannot be called as a compensation.
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
        raise InvalidDag(f"The compensation {handler!r} is not a function.", "Name a function.")
    check_undo(found)
    return cast("CompensationHandler", found)
