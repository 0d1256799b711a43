"""What a task did in a workflow beside attempts of steps."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_wfstate.domain.messages.journal import JournalEntry


@dataclass(frozen=True)
class TaskInRun:
    """A task of a DAG run.

    :param map_index: -1 for a task that is not mapped.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


@dataclass(frozen=True)
class TaskActivity:
    """What a task did in a workflow beside attempts of steps: it started it, joined it, completed it, or undoes it.

    :param is_relay: whether it is the task that runs the compensations of its run.
    :param entries: the newest entries of the journal that concern the whole workflow and that it wrote, oldest first;
        at most fifty.
    """

    is_relay: bool
    entries: list[JournalEntry]
