"""``airflow wfstate show``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from airflow_wfstate.backends.all_steps import all_steps
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_text
from airflow_wfstate.cli.show_items import show_items
from airflow_wfstate.cli.workflow_sections import print_workflow
from airflow_wfstate.domain.messages.pages import StepFilter
from airflow_wfstate.exceptions import InvalidRequest


@command
def show_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print everything about one workflow; to people a mapped step as one row, to programs each of its items."""
    found_id = workflow_id(arguments.workflow, store)
    if arguments.step is not None:
        show_items(arguments, store, found_id)
        return
    if arguments.step_states or arguments.after is not None:
        raise InvalidRequest("--step-state and --after are about the items of one step.", "Name it with --step.")
    workflow = store.get_workflow(found_id, step_limit=0)
    if arguments.output in PROGRAM_FORMATS:
        steps = [
            store.get_step(found_id, step.id) if step.output_in_file else step for step in all_steps(store, found_id)
        ]
        steps.sort(key=lambda step: (step.started_at, step.id))
        print_for_programs(as_json(replace(workflow, steps=steps)), arguments.output)
        return
    unmapped = sorted(
        all_steps(store, found_id, StepFilter(is_mapped=False)), key=lambda step: (step.started_at, step.id)
    )
    print_workflow(replace(workflow, steps=unmapped), arguments.output)
    if any(group.is_mapped for group in workflow.step_groups):
        print_text(f"The items of a mapped step: airflow wfstate show {found_id} --step STEP", is_error=True)
