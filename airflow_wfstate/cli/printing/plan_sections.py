"""Sections that the plans of several commands share."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_wfstate.cli.printing.rendering import print_section, print_text
from airflow_wfstate.domain.messages.cancel import UnfinishedTask
from airflow_wfstate.domain.messages.staying import StayingSteps
from airflow_wfstate.domain.rules.states import StepState


def print_staying_steps(stays: StayingSteps, output: str) -> None:
    """Print the steps that stay as they are, and how many more there are; nothing when there are none."""
    print_section(
        f"Stays as it is, {stays.count}: no undo is declared",
        [
            {
                "step": item.step,
                "round": item.round,
                "state": item.state,
                "note": None if item.state is StepState.SUCCEEDED else "it may have acted",
            }
            for item in stays.steps
        ],
        output,
    )
    if stays.unnamed:
        print_text(f"... and {stays.unnamed} more that stay as they are.")


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
