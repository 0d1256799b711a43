"""A compensation handler: what it is given, how it is found, and how it is called."""

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
) -> str | None:
    """Run one compensation. What the handler raises passes through, but for a skip.

    The handler gets the output and the :class:`CompensationContext`, or as many of both as it has parameters for. An
    async one is awaited. It may return a classic operator, or a list of them, which are run in its place, in order.

    :param tasks: of the DAG that did the step.
    :param run_operator: runs such an operator; the mapping (``output``, ``compensation``) is for its templates.
    :returns: why there was nothing to undo, when the handler, or each of its operators, raised
        ``AirflowSkipException``; None when the undo is done.
    :raises InvalidDag: the handler cannot be found, cannot be called, cannot be given the output, waits, or returned
        what cannot be meant. Trying again would end in the same way.
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
            f"The compensation {work.handler!r} raised {type(error).__name__}: an undo cannot go on later.",
            "Wait in the function itself, or return an operator that does, with deferrable=False.",
        ) from error
    extra: dict[str, object] = {"output": output, "compensation": compensation}
    return _run_operators(operators_of(work.handler, result), extra, run_operator)


def _run_operators(
    operators: list[BaseOperator],
    extra: dict[str, object],
    run_operator: Callable[[BaseOperator, dict[str, object]], None],
) -> str | None:
    """Run them in order; why there was nothing to undo, when each of them was skipped."""
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
    """The function that a handler names.

    :param handler: ``task:<task id>`` or ``module:function``.
    :raises InvalidDag: no task of the DAG declares it (any more), or it cannot be imported.
    """
    declared = {task.task_id: options.compensate for task in tasks if (options := step_options_of(task)) is not None}
    if handler.startswith(TASK_HANDLER):
        function = declared.get(handler.removeprefix(TASK_HANDLER))
        if callable(function):
            return function  # checked when the DAG was parsed
        raise InvalidDag(
            f"The DAG has no task {handler.removeprefix(TASK_HANDLER)!r} that declares a function as its compensation.",
            "The DAG was changed since the step ran: bring the task back, with compensate=<function>.",
        )
    # A name from the database is imported only if the DAG's code has it too, or the administrator allows its module.
    if handler not in declared.values() and not allows_handler(handler):
        raise InvalidDag(
            f"No task of the DAG declares the compensation {handler!r}.",
            "The DAG was changed since the step ran: bring compensate='module:function' back, or let the "
            "administrator add its module to [wfstate] handler_modules.",
        )
    return import_handler(handler)


def import_handler(handler: str) -> CompensationHandler:
    """The function ``module:function``.

    :raises InvalidDag: it cannot be imported, is no function, or cannot be called as an undo.
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
    check_undo(found)
    return cast("CompensationHandler", found)
