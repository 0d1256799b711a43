"""The marks by which a serialized DAG tells its steps; ``domain/rules/step_mark.py`` says what they hold and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_wfstate.domain.rules.step_mark import MARK, StepMark
from airflow_wfstate.operators.steps.declaration.declared_steps import is_named_by_item
from airflow_wfstate.operators.steps.declaration.options import step_options_of

if TYPE_CHECKING:
    from airflow.sdk import DAG


def mark_steps(dag: DAG) -> None:
    """Mark the tasks of a DAG that are steps, mapped and grouped ones too; asked again, nothing changes."""
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
        # Of the task alone: the class's own mapping is shared by all tasks of its kind.
        renderers = {**task.template_fields_renderers, MARK: mark.text()}
        task.template_fields_renderers = renderers  # type: ignore[misc]  # a mapped task has its own, an operator may
