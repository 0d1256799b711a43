"""What a task did in a workflow besides attempts of steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.reading.journal import JournalEntry


@dataclass(frozen=True)
class ReadTaskActivity:
    """The request for what a task did in a workflow besides attempts of steps.

    :param map_index: -1 for a task that is not mapped.
    """

    workflow_id: str
    dag_id: str = field(metadata=asked("The task's DAG"))
    run_id: str = field(metadata=asked("The task's DAG run"))
    task_id: str = field(metadata=asked("The task"))
    map_index: int = field(
        default=-1, metadata=asked("Its map index; -1 for a task that is not mapped", at_least=-1, at_most=2**31 - 1)
    )


@dataclass(frozen=True)
class TaskActivity:
    """What a task did in a workflow besides attempts of steps: it started, joined or completed it, or compensates it.

    :param is_relay: whether it is the task that runs the compensations of its run.
    :param entries: the newest entries of the journal that concern the whole workflow and that it wrote, oldest first;
        at most fifty.
    """

    is_relay: bool
    entries: list[JournalEntry]


READ_TASK_ACTIVITY: Final = Operation(
    name="read_task_activity",
    method="GET",
    path="/workflows/{workflow_id}/task-activity",
    request=ReadTaskActivity,
    answer=TaskActivity,
    says="Get what a task did in the workflow besides attempts of steps: start, join, complete or compensate it.",
    who=Who.READER,
    tag="workflows",
    has_tag=True,
)
