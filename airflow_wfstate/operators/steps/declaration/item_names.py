"""The names that an item key may use: those of the arguments that distinguish the items of a step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.user_function import name_of

_OF_GROUP: Final = "the arguments of the mapped task group (the step's own are not available there)"
_OF_EXPAND: Final = "the mapped arguments of the step"
_OF_STEP: Final = "the arguments of the step"


@dataclass(frozen=True)
class ItemNames:
    """The names that the item key of a task is given.

    :param names: the names of arguments, in the order of their declaration.
    :param whose: whose arguments they are, for messages.
    """

    names: Collection[str]
    whose: str

    @property
    def shown(self) -> str:
        """The names, and whose arguments they are, for a message."""
        if not self.names:
            return "nothing, because the task is not mapped and has no op_kwargs"
        return f"{listed(self.names)}, {self.whose}"

    @property
    def remedy(self) -> str:
        """What a template of an item key may use."""
        return (
            f"Correct the expression. This item key is given {self.shown}. It may also use the Airflow variables that "
            "every run has, such as run_id. Do not give it a constant default: all items would share that text."
        )


def item_names(task: Any, *, is_mapped: bool, names: Collection[str]) -> ItemNames:
    """The names that a running task gives to its item key.

    :param task: the task as it is declared in its DAG.
    :param is_mapped: whether the task instance is an item of a mapping.
    """
    if not is_mapped:
        return ItemNames(names, _OF_STEP)
    return ItemNames(names, _OF_EXPAND if _is_mapped_itself(task) else _OF_GROUP)


def declared_item_names(task: Any) -> ItemNames | None:
    """The names that a task will give to its item key; None if they are not known before it runs.

    :param task: the task as it is declared in its DAG.
    """
    if _is_mapped_itself(task):
        expanded = _names_of(getattr(task, "op_kwargs_expand_input", None) or task.expand_input)
        return None if expanded is None else ItemNames(expanded, _OF_EXPAND)
    groups = list(task.iter_mapped_task_groups())
    if not groups:
        arguments = getattr(task, "op_kwargs", {})
        return ItemNames(list(arguments), _OF_STEP) if isinstance(arguments, Mapping) else None
    names: dict[str, None] = {}
    for group in groups:
        expanded = _names_of(group._expand_input)
        if expanded is None:
            return None
        names.update(dict.fromkeys(expanded))
    return ItemNames(list(names), _OF_GROUP)


def check_takes(task_id: str, function: Callable[..., Any], given: ItemNames) -> None:
    """Check that an ``item_key`` function can be called with the names that it is given.

    A function whose parameters cannot be inspected, such as some builtins, passes.

    :raises InvalidDag: it needs a name that it is not given, or is given one that it does not take.
    """
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return
    try:
        signature.bind(**dict.fromkeys(given.names))
    except TypeError as error:
        raise InvalidDag(
            f"item_key={name_of(function)} of task {task_id} cannot be called: {error}. It is given {given.shown}.",
            f"Write it as {name_of(function)}({', '.join(given.names)}), or let it take **arguments.",
        ) from error


def _is_mapped_itself(task: Any) -> bool:
    return hasattr(task, "op_kwargs_expand_input") or bool(getattr(task, "is_mapped", False))


def _names_of(expand_input: Any) -> list[str] | None:
    """The names in ``expand()``; None for ``expand_kwargs()``, which names them only at run time."""
    value = getattr(expand_input, "value", None)
    return list(value) if isinstance(value, Mapping) else None
