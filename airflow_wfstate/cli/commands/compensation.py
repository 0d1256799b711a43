"""``airflow wfstate compensation``."""

from __future__ import annotations

from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.arguments import code
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_text
from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision


@command
def decide_compensation(arguments: Namespace, store: StateBackend) -> None:
    """Apply the decision, and print the resulting states of the compensation and the workflow."""
    answer = store.decide_compensation(
        DecideCompensation(
            workflow_id(arguments.workflow, store),
            arguments.step,
            Decision(arguments.decision),
            reason=arguments.reason,
            round=arguments.round,
            code=code(arguments),
            actor=actor(),
        )
    )
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(answer), arguments.output)
    else:
        print_text(
            f"The compensation of step {answer.step} (round {answer.round}) is {answer.state.value}; "
            f"workflow {answer.workflow.id} is {answer.workflow.state.value}."
        )
