"""Mark the steps in a serialized DAG. ``domain/rules/step_mark.py`` describes the marks and where they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_wfstate.domain.rules.step_mark import MARK, StepMark
from airflow_wfstate.operators.steps.declaration.declared_steps import is_named_by_item
from airflow_wfstate.operators.steps.declaration.options import step_options_of

if TYPE_CHECKING:
    from airflow.sdk import DAG


def mark_steps(dag: DAG) -> None:
    """Mark the tasks of a DAG that are steps, including mapped and grouped ones. Safe to repeat."""
    for task in dag.tasks:
        options = step_options_of(task)
        if options is None:
            continue
        declared = options.declaration(task.task_id)
        mark = StepMark(
            name=None if is_named_by_item(task) else options.name or task.task_id,
            was=tuple(options.was),
            undo=None if declared is None else declared.handler,
        )
        # Set on the task only, because all tasks of a class share the class's own mapping.
        renderers = {**task.template_fields_renderers, MARK: mark.text()}
        task.template_fields_renderers = renderers  # type: ignore[misc]  # a mapped task has its own, an operator may
