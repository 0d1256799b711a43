"""``airflow wfstate show``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from datetime import datetime, timezone

from airflow_wfstate.backends.all_steps import all_steps
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.show_items import show_items, with_output
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_text
from airflow_wfstate.cli.printing.watch import watch
from airflow_wfstate.cli.printing.workflow_page import print_workflow
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.pages import StepFilter
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.rules.states import OPEN_WORKFLOW_STATES
from airflow_wfstate.exceptions import InvalidRequest


@command
def show_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print everything about one workflow. People see a mapped step as one row, programs get each of its items."""
    found_id = workflow_id(arguments.workflow, store)
    if arguments.step is not None:
        show_items(arguments, store, found_id)
        return
    if arguments.step_states or arguments.after is not None:
        raise InvalidRequest("--step-state and --after select items of one step.", "Name the step with --step.")
    if arguments.watch:
        watch(arguments, lambda: _print(arguments, store, found_id).summary.state in OPEN_WORKFLOW_STATES)
    elif arguments.output in PROGRAM_FORMATS:
        _print_for_programs(arguments, store, found_id)
    elif any(group.is_mapped for group in _print(arguments, store, found_id).step_groups):
        print_text(f"For the items of a mapped step: airflow wfstate show {found_id} --step STEP", is_error=True)


def _print(arguments: Namespace, store: StateBackend, workflow_id: str) -> WorkflowDetail:
    """Print the workflow for people, with one row per mapped step. Returns the workflow without its steps."""
    workflow = store.get_workflow(workflow_id, step_limit=0)
    unmapped = sorted(all_steps(store, workflow_id, StepFilter(is_mapped=False)), key=_begin)
    print_workflow(replace(workflow, steps=unmapped), datetime.now(timezone.utc), arguments.output)
    return workflow


def _print_for_programs(arguments: Namespace, store: StateBackend, workflow_id: str) -> None:
    workflow = store.get_workflow(workflow_id, step_limit=0)
    steps = [with_output(step, store, workflow_id) for step in all_steps(store, workflow_id)]
    print_for_programs(as_json(replace(workflow, steps=sorted(steps, key=_begin))), arguments.output)


def _begin(step: StepSummary) -> tuple[datetime, str]:
    return step.started_at, step.id
