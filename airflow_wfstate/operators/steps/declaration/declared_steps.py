"""The steps that the tasks of a DAG declare, as its file says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_wfstate.operators.steps.declaration.options import step_options_of

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator


@dataclass(frozen=True)
class DeclaredStep:
    """A task that is a step.

    :param name: of the step.
    :param has_item_key: whether the task says how its items are told apart.
    :param was: names that the step had before.
    """

    task_id: str
    name: str
    has_item_key: bool
    was: tuple[str, ...] = ()


def declared_steps(dag: DAG) -> list[DeclaredStep]:
    """The steps of a DAG, in the order of its tasks, mapped and grouped ones too."""
    return [step for step in map(_declared, dag.tasks) if step is not None]


def is_sole_task(dag: DAG | None, task_id: str) -> bool:
    """Whether no other task of the DAG declares the step that this task declares.

    :param dag: of the task; None when it is not known, and nothing can be said for certain.
    """
    if dag is None:
        return False
    steps = declared_steps(dag)
    own = [step.name for step in steps if step.task_id == task_id]
    return len(own) == 1 and [step.name for step in steps].count(own[0]) == 1


def _declared(task: AbstractOperator) -> DeclaredStep | None:
    options = step_options_of(task)
    if options is None or is_named_by_item(task):
        return None
    return DeclaredStep(task.task_id, options.name or task.task_id, options.item_key is not None, tuple(options.was))


def is_named_by_item(task: AbstractOperator) -> bool:
    """Whether each item of a mapped task has a step name of its own: ``.expand(step_name=[...])``."""
    expanded = getattr(getattr(task, "expand_input", None), "value", None)
    return isinstance(expanded, dict) and "step_name" in expanded
