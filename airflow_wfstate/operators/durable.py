"""durable(): make any operator a step."""

from __future__ import annotations

import sys
from types import new_class
from typing import Any, TypeVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.dag.complete import check_when_complete
from airflow_wfstate.operators.steps.attempt import cancel_at_work
from airflow_wfstate.operators.steps.declaration.option_keywords import options_by_keyword
from airflow_wfstate.operators.steps.declaration.options import StepOptions, step_options_of
from airflow_wfstate.operators.steps.execution import StepExecution

Task = TypeVar("Task", BaseOperator, MappedOperator)


@options_by_keyword
def durable(operator: Task, options: StepOptions) -> Task:
    """Make a classic operator or a mapped task a step, and return it.

    :param operator: an operator, including sensors and deferrable operators, or the result of an operator's
        ``.expand()``.
    :param options: given as keywords, the fields of
        :class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions`:
        ``durable(operator, compensate=undo)``.
    :raises InvalidDag: the object is something else, is already a step, or is a task that begins or ends in the
        triggerer.
    """
    _check(operator)
    if isinstance(operator, MappedOperator):
        operator.operator_class = _step_class(operator.operator_class, options)
    else:
        # The instance's class, not its methods: Airflow renders and runs a copy of the instance.
        operator.__class__ = _step_class(type(operator), options)
    check_when_complete(operator.get_dag())
    return operator


def _check(operator: object) -> None:
    if not isinstance(operator, (BaseOperator, MappedOperator)):
        raise InvalidDag(
            f"durable() was given an object of type {type(operator).__name__}.",
            "Pass an operator or a mapped operator. For a function of @task, use @task.step instead. For another "
            "decorator, such as @task.bash, pass the operator of its task: durable(name().operator).",
        )
    if step_options_of(operator) is not None:
        raise InvalidDag(f"Task {operator.task_id} is already a step.", "Remove durable() around it.")
    if _is_dag_run_trigger(operator.operator_class):
        raise InvalidDag(
            f"Task {operator.task_id} is a TriggerDagRunOperator, which acts only after execute() has returned.",
            "Use TriggerWorkflowDagRunOperator. The triggered run then joins the workflow.",
        )
    mapped = operator.partial_kwargs if isinstance(operator, MappedOperator) else {}
    for option in ("start_from_trigger", "end_from_trigger"):
        if getattr(operator, option, False) or mapped.get(option, False):
            raise InvalidDag(
                f"Task {operator.task_id} has {option}=True, so part of it does not run on a worker.",
                f"Set {option}=False.",
            )


def _is_dag_run_trigger(operator_class: type) -> bool:
    """Whether it is Airflow's TriggerDagRunOperator. If its module is not imported, it cannot be."""
    module = sys.modules.get("airflow.providers.standard.operators.trigger_dagrun")
    return module is not None and issubclass(operator_class, module.TriggerDagRunOperator)


def _step_class(operator_class: type[BaseOperator], options: StepOptions) -> type[BaseOperator]:
    """Make a subclass that runs the operator's own ``execute`` and ``resume_execution`` as a step.

    Its only base is the operator's class, so it is not a ``StepOperator``. With a second base, Python refuses to change
    the class of an operator whose first base is an abstract mixin ("object layout differs"), such as Airflow's
    ``ResumableJobMixin``.
    """

    def run(operator: BaseOperator, context: Context) -> Any:
        if operator.__dict__.get("_wfstate_at_work"):  # a resume method that calls execute()
            return operator_class.execute(operator, context)
        return StepExecution(operator, options, context).execute(
            lambda _attempt: _at_work(operator, lambda: operator_class.execute(operator, context))
        )

    def resume(operator: BaseOperator, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        return StepExecution(operator, options, context).resume(
            next_method,
            next_kwargs,
            execute=lambda _attempt: _at_work(operator, lambda: operator_class.execute(operator, context)),
            go_on=lambda method, arguments: _at_work(
                operator, lambda: operator_class.resume_execution(operator, method, arguments, context)
            ),
        )

    def on_kill(operator: BaseOperator) -> None:
        cancel_at_work()
        operator_class.on_kill(operator)

    members = {
        "__module__": operator_class.__module__,
        "__qualname__": operator_class.__qualname__,
        "__doc__": operator_class.__doc__,
        "step_options": options,
        "execute": run,
        "resume_execution": resume,
        "on_kill": on_kill,
    }
    return new_class(operator_class.__name__, (operator_class,), exec_body=lambda body: body.update(members))


def _at_work(operator: BaseOperator, work: Any) -> Any:
    operator.__dict__["_wfstate_at_work"] = True
    try:
        return work()
    finally:
        operator.__dict__["_wfstate_at_work"] = False
