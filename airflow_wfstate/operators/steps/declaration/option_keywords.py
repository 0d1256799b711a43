"""The options of a step as keywords of ``@task.step``, ``durable()`` and the operators that are steps."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar

from airflow_wfstate.operators.steps.declaration.options import StepOptions

Keywords = ParamSpec("Keywords")
First = TypeVar("First")
Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: Final = inspect.signature(StepOptions).parameters


@dataclass(frozen=True)
class StepKeywords:
    """The options that a function takes in its ``**kwargs``.

    :param name: the keyword for the option ``name``. All other options use their field name.
    :param without: options that the function does not take.
    """

    name: str = "name"
    without: tuple[str, ...] = ()

    def take(self, kwargs: dict[str, Any]) -> StepOptions:
        """Take the options out of the keyword arguments.

        :raises InvalidDag: one of them is not valid.
        """
        names = {self._keyword(option): option for option in _OPTIONS if option not in self.without}
        return StepOptions(**{names[keyword]: kwargs.pop(keyword) for keyword in names.keys() & kwargs.keys()})

    def shown(self, function: Function) -> Function:
        """Add the options to the signature of the function, and return the function.

        Airflow also reads the signature, for the ``default_args`` of an operator and for the arguments of
        ``.partial()``.
        """
        self._show(function, list(inspect.signature(function).parameters.values()))
        return function

    def _show(self, function: Any, own: list[inspect.Parameter]) -> None:
        options = [
            parameter.replace(name=self._keyword(option))
            for option, parameter in _OPTIONS.items()
            if option not in self.without
        ]
        # A sort keeps the order within each kind, and puts **kwargs last.
        function.__signature__ = inspect.Signature(sorted([*own, *options], key=lambda parameter: parameter.kind))

    def _keyword(self, option: str) -> str:
        return self.name if option == "name" else option


STEP_KEYWORDS: Final = StepKeywords()
"""The keywords of ``@task.step`` and ``durable()``."""


class _ByKeyword(Generic[Keywords]):
    """Passes options that a caller gives as keywords to a function, and shows them to type checkers and editors.

    :param options: makes the options from keywords.
    """

    def __init__(self, options: Callable[Keywords, StepOptions]) -> None:
        self._options = options

    def __call__(
        self, function: Callable[[First, StepOptions], Result]
    ) -> Callable[Concatenate[First, Keywords], Result]:
        named: Callable[..., Result] = function  # the caller may also pass the one argument by name

        def taking(*args: Any, **kwargs: Any) -> Result:
            options = STEP_KEYWORDS.take(kwargs)
            return named(*args, **kwargs, options=options)

        update_wrapper(taking, function)
        own = inspect.signature(function).parameters
        STEP_KEYWORDS._show(taking, [parameter for name, parameter in own.items() if name != "options"])
        return taking


options_by_keyword: Final = _ByKeyword(StepOptions)
"""Decorates a function of one argument and ``options``. Its callers pass the options as keywords."""
