"""The steps that the tasks of a DAG declare in its file."""

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

    :param name: name of the step.
    :param has_item_key: whether the task declares how to tell its items apart.
    :param was: former names of the step.
    """

    task_id: str
    name: str
    has_item_key: bool
    was: tuple[str, ...] = ()


def declared_steps(dag: DAG) -> list[DeclaredStep]:
    """The steps of a DAG, including mapped and grouped ones, in the order of its tasks."""
    return [step for step in map(_declared, dag.tasks) if step is not None]


def is_sole_task(dag: DAG | None, task_id: str) -> bool:
    """Whether no other task of the DAG declares the step that this task declares.

    :param dag: the DAG of the task; None if it is not known. The answer is then False.
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
    """Whether each item of a mapped task has its own step name: ``.expand(step_name=[...])``."""
    expanded = getattr(getattr(task, "expand_input", None), "value", None)
    return isinstance(expanded, dict) and "step_name" in expanded
