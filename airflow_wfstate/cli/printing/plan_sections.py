"""Plan sections that several commands share."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_wfstate.cli.printing.rendering import print_section, print_text
from airflow_wfstate.domain.messages.cancel import UnfinishedTask
from airflow_wfstate.domain.messages.staying import StayingSteps
from airflow_wfstate.domain.rules.states import StepState


def print_running_steps(steps: Sequence[str], output: str, *, are_undone: bool) -> None:
    """Print the steps that are stopped first; nothing if there are none.

    :param are_undone: whether the workflow is compensated.
    """
    undone = ", and undone too if they declare a compensation" if are_undone else ""
    print_section(f"Running steps, which are stopped first{undone}", [{"step": step} for step in steps], output)


def print_staying_steps(stays: StayingSteps, output: str) -> None:
    """Print the steps that stay as they are, and how many more there are; nothing if there are none."""
    print_section(
        f"Unchanged ({stays.count}): no compensation is declared",
        [
            {
                "step": item.step,
                "round": item.round,
                "state": item.state,
                "note": None if item.state is StepState.SUCCEEDED else "may have acted",
            }
            for item in stays.steps
        ],
        output,
    )
    if stays.unnamed:
        print_text(f"... and {stays.unnamed} more that stay unchanged.")


def print_unfinished_tasks(tasks: Sequence[UnfinishedTask], output: str) -> None:
    """Print the unfinished tasks as ``table`` or ``plain``; nothing if there are none."""
    print_section(
        "Tasks that will be set to failed",
        [
            {
                "dag_id": task.dag_id,
                "run_id": task.run_id,
                "task": f"{task.task_id}[{task.map_index}]" if task.map_index >= 0 else task.task_id,
                "state": task.state or "not started",
            }
            for task in tasks
        ],
        output,
    )
