"""``@task.step``: make a Python function a step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import update_wrapper
from types import FunctionType, new_class
from typing import Any, ClassVar, Final

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Context
from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, _TaskDecorator, task_decorator_factory

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.dag.complete import ChecksItsDag, check_when_complete
from airflow_wfstate.operators.step import Step
from airflow_wfstate.operators.steps.attempt import Attempt
from airflow_wfstate.operators.steps.declaration.option_keywords import STEP_KEYWORDS
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.step_operator import StepOperator

PARAMETER: Final = "step"
"""The reserved parameter."""


class StepDecoratedOperator(ChecksItsDag, StepOperator, DecoratedOperator, PythonOperator):
    """The operator behind ``@task.step``. Each decorated function gets a subclass that carries its options.

    They cannot be arguments, because the arguments of a mapped task are serialised, and functions cannot be.
    """

    custom_operator_name = "@task.step"
    template_fields = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "templates_dict": "json",
        "op_args": "py",
        "op_kwargs": "py",
    }
    step_options: StepOptions
    step_function: ClassVar[Callable[..., object]]

    def __init__(
        self,
        *,
        python_callable: Callable[..., object],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        args, named = _by_name(python_callable, list(op_args or ()), dict(op_kwargs or {}))
        super().__init__(
            kwargs_to_upstream={"python_callable": python_callable, "op_args": args, "op_kwargs": named},
            python_callable=python_callable,
            op_args=args,
            op_kwargs=named,
            **kwargs,
        )

    def do_step(self, attempt: Attempt, context: Context) -> Any:
        """Call the decorated function, passing the step if it has a parameter for it."""
        if self.step_function is not self.python_callable:
            self.python_callable = self.step_function
            self.op_kwargs = {**self.op_kwargs, PARAMETER: Step(attempt)}
        return super(StepOperator, self).execute(context)


class _StepDecorator(_TaskDecorator[Any, Any, StepDecoratedOperator]):
    """The type of a decorated function. Airflow's own creates no operator for a mapped task during parsing."""

    def _expand(self, *args: Any, **kwargs: Any) -> Any:
        expanded: Any = super()._expand(*args, **kwargs)
        check_when_complete(expanded.operator.get_dag())
        return expanded


@STEP_KEYWORDS.shown
def step_task(
    python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool | None = None, **kwargs: Any
) -> TaskDecorator:
    """Make a function a step. In a DAG file, write ``@task.step`` or ``@task.step(...)``.

    The function may have a parameter ``step``, in any position. When it runs, it gets a
    :class:`~airflow_wfstate.operators.step.Step`.

    :param multiple_outputs: as for ``@task``.
    :param kwargs: the options of the step, which are the fields of
        :class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions` (``compensate``, ``item_key``
        and so on), and the arguments of the task (``task_id``, ``retries``, ``pool`` and so on).
    :raises InvalidDag: an option is not valid, or ``step`` cannot be passed to the function by name.
    """
    options = STEP_KEYWORDS.take(kwargs)

    def decorate(function: Callable[..., Any]) -> Any:
        if not isinstance(function, FunctionType):
            raise InvalidDag(
                f"@task.step decorates an object of type {type(function).__name__}.", "Decorate a plain function."
            )
        if inspect.isasyncgenfunction(function):
            raise InvalidDag(
                f"Function {function.__name__} is async and has a yield: its body would never run as a task.",
                "Return the result instead.",
            )
        members = {
            "__module__": StepDecoratedOperator.__module__,
            "__qualname__": StepDecoratedOperator.__qualname__,
            "__doc__": StepDecoratedOperator.__doc__,
            "step_options": options,
            "step_function": staticmethod(function),
        }
        operator_class = new_class(
            StepDecoratedOperator.__name__, (StepDecoratedOperator,), exec_body=lambda body: body.update(members)
        )
        decorated: Any = task_decorator_factory(
            python_callable=_without_step(function),
            multiple_outputs=multiple_outputs,
            decorated_operator_class=operator_class,
            **kwargs,
        )
        decorated.__class__ = _StepDecorator
        return decorated

    decorator: Any = decorate if python_callable is None else decorate(python_callable)
    return decorator  # type: ignore[no-any-return]  # Airflow's protocol covers both forms


def _without_step(function: FunctionType) -> FunctionType:
    """The function as Airflow sees it when it parses the DAG: the same, but without the parameter ``step``.

    It is a clone, not a wrapper, because Airflow inspects the code for generators and coroutines, and the annotations
    for ``multiple_outputs``.
    """
    signature = inspect.signature(function)
    reserved = signature.parameters.get(PARAMETER)
    if reserved is None:
        return function
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if reserved.kind is not inspect.Parameter.KEYWORD_ONLY and inspect.Parameter.VAR_POSITIONAL in kinds:
        raise InvalidDag(
            f"Function {function.__name__} has the parameter step before *args.", "Put it after them: (*args, step)."
        )
    if reserved.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
        raise InvalidDag(
            f"The parameter step of {function.__name__} cannot be passed by name.",
            "Make step an ordinary parameter; the name is reserved.",
        )
    clone = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    clone.__kwdefaults__ = function.__kwdefaults__
    update_wrapper(clone, function)
    remaining = [parameter for name, parameter in signature.parameters.items() if name != PARAMETER]
    clone.__signature__ = signature.replace(parameters=remaining)  # type: ignore[attr-defined]  # inspect reads it
    return clone


def _by_name(
    function: Callable[..., object], args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Turn positional arguments into named ones, because ``step`` may come between them in the real function.

    Arguments that cannot be named are left alone, and so are those that Airflow must reject (too many, or given twice).
    """
    parameters = list(inspect.signature(function).parameters.values())
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return args, kwargs
    positional_only = sum(parameter.kind is inspect.Parameter.POSITIONAL_ONLY for parameter in parameters)
    names = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    named = dict(zip(names, args[positional_only:], strict=False))
    if len(args) > positional_only + len(names) or not named.keys().isdisjoint(kwargs):
        return args, kwargs
    return args[:positional_only], {**named, **kwargs}
