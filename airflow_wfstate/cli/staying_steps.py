"""What an undo leaves as it is, as a section of a plan."""

from __future__ import annotations

from airflow_wfstate.cli.rendering import print_section, print_text
from airflow_wfstate.domain.states import StepState
from airflow_wfstate.domain.staying import StayingSteps


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
