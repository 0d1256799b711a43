"""The steps that a version of a DAG declares, read from the marks of its tasks in the serialized DAG."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_wfstate.domain.rules.step_mark import MARK, StepMark
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER

if TYPE_CHECKING:
    from airflow.serialization.definitions.dag import SerializedDAG


_TRIGGERS: Final = "TriggerWorkflowDagRunOperator"


@dataclass(frozen=True)
class DagSteps:
    """The steps that a version of a DAG declares.

    :param task_ids: ids of all its tasks.
    :param marks: marks of its steps, by task id; empty for a version parsed before marks were kept.
    :param triggers: ids of the tasks that trigger a run; their compensations belong to that run's own steps.
    """

    task_ids: frozenset[str] = frozenset()
    marks: Mapping[str, StepMark] = field(default_factory=dict)
    triggers: frozenset[str] = frozenset()

    @property
    def names(self) -> set[str]:
        """The names of its steps, except those of mapped tasks whose items have their own names."""
        return {mark.name for mark in self.marks.values() if mark.name is not None}

    def declares(self, name: str, task_id: str) -> bool:
        """Whether a task does a step that task ``task_id`` has done, also under a new name that declares it (``was``).

        A task without a mark, or one whose items have their own names, only matches itself.
        """
        own = self.marks.get(task_id)
        if (own is None or own.name is None) and task_id in self.task_ids:
            return True
        return any(name == mark.name or name in mark.was for mark in self.marks.values())

    def added_since(self, before: DagSteps, made: Container[str]) -> dict[str, StepMark]:
        """The steps that an earlier version did not declare, by task id; without those whose items have own names.

        :param before: the earlier version. If it has no marks, tasks that exist in a run of it are not new.
        :param made: ids of the tasks of that run.
        """
        return {
            task_id: mark
            for task_id, mark in self.marks.items()
            if mark.name is not None and (mark.name not in before.names if before.marks else task_id not in made)
        }

    def has_undo(self, handler: str) -> bool:
        """Whether a compensation declared by a task (``task:<task id>``) can be found. Does not judge importable ones.

        A task without a mark only matches itself.
        """
        task_id = handler.removeprefix(TASK_HANDLER)
        mark = self.marks.get(task_id)
        if not handler.startswith(TASK_HANDLER):
            return True
        return task_id in self.task_ids and (mark is None or mark.undo == handler or task_id in self.triggers)

    def tasks_of(self, name: str) -> list[str]:
        """The sorted ids of the tasks that do the step with this name."""
        return sorted(task_id for task_id, mark in self.marks.items() if mark.name == name)


def steps_of_dag(dag: SerializedDAG | None) -> DagSteps:
    """The steps of a DAG; none when there is no DAG."""
    if dag is None:
        return DagSteps()
    found = {task_id: StepMark.parse(_renderers(task).get(MARK)) for task_id, task in dag.task_dict.items()}
    marks = {task_id: mark for task_id, mark in found.items() if mark is not None}
    triggers = frozenset(task_id for task_id, task in dag.task_dict.items() if task.task_type == _TRIGGERS)
    return DagSteps(frozenset(dag.task_dict), marks, triggers)


def _renderers(task: object) -> Mapping[str, object]:
    renderers = getattr(task, "template_fields_renderers", None)
    return renderers if isinstance(renderers, Mapping) else {}
