"""``airflow wfstate show``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.rendering import PROGRAM_FORMATS, as_json, print_for_programs
from airflow_wfstate.cli.workflow_sections import print_workflow


@command
def show_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print everything about one workflow; to programs also outputs that are kept in files."""
    workflow = store.get_workflow(workflow_id(arguments.workflow, store))
    if arguments.output in PROGRAM_FORMATS:
        steps = [
            store.get_step(workflow.summary.id, step.id) if step.output_in_file else step for step in workflow.steps
        ]
        print_for_programs(as_json(replace(workflow, steps=steps)), arguments.output)
    else:
        print_workflow(workflow, arguments.output)
