"""The tasks that a cancel or an undo sets to failed, as a section of its plan."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_wfstate.cli.rendering import print_section
from airflow_wfstate.domain.cancel import UnfinishedTask


def print_unfinished_tasks(tasks: Sequence[UnfinishedTask], output: str) -> None:
    """Print the section, as ``table`` or ``plain``; nothing when there are none."""
    print_section(
        "Tasks that are set to failed",
        [
            {
                "dag_id": task.dag_id,
                "run_id": task.run_id,
                "task": f"{task.task_id}[{task.map_index}]" if task.map_index >= 0 else task.task_id,
                "state": task.state or "not begun",
            }
            for task in tasks
        ],
        output,
    )
