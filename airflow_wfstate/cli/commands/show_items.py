"""``airflow wfstate show --step``: one step of a workflow, item by item."""

from __future__ import annotations

import shlex
from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.arguments import parse_choices
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs
from airflow_wfstate.cli.printing.workflow_sections import print_steps
from airflow_wfstate.domain.messages.reading.pages import StepFilter
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.rules.parent_step import NO_PARENT_STEP
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.step_name import find_with_item
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound


def show_items(arguments: Namespace, store: StateBackend, workflow_id: str) -> None:
    """Print a page of the items of a step, and on stderr how to get the next page."""
    group, item_key = _find(store.get_workflow(workflow_id, step_limit=0).step_groups, arguments.step, workflow_id)
    wanted = StepFilter(
        participant=group.participant,
        name=group.name,
        parent_step_id=group.parent_step_id or NO_PARENT_STEP,
        states=parse_choices(StepState, arguments.step_states or []),
        item_key=item_key,
    )
    page = store.list_steps(workflow_id, arguments.after, arguments.limit, wanted)
    if arguments.output in PROGRAM_FORMATS:
        whole = [with_output(step, store, workflow_id) for step in page.steps]
        print_for_programs(as_json(whole), arguments.output)
    else:
        print_steps(page.steps, arguments.output)
    if item_key is not None and not page.steps and not arguments.step_states:
        raise StepNotFound(
            f"Step {group.called.qualified} of workflow {workflow_id} has no item {item_key[:80]!r} that has begun.",
            f"See its items with: airflow wfstate show {workflow_id} --step {shlex.quote(group.called.qualified)}",
        )
    tell_next_page(arguments, page.next_after)


def with_output(step: StepSummary, store: StateBackend, workflow_id: str) -> StepSummary:
    """The step, with an output that a list left out."""
    return store.get_step(workflow_id, step.id) if step.output_left_out else step


def _find(groups: list[StepGroup], text: str, workflow_id: str) -> tuple[StepGroup, str | None]:
    """The step that a text names, and the key of the item that it names; None if it names all items."""
    found, item_key = find_with_item(groups, text, lambda group: group.called)
    if not found:
        raise StepNotFound(
            f"No step {text[:80]!r} of workflow {workflow_id} has begun.",
            f"See its steps with: airflow wfstate show {workflow_id}",
        )
    if len(found) > 1:
        raise InvalidRequest(
            f"Several steps match {text!r}.",
            f"Name one of them: {', '.join(group.called.qualified for group in found)}.",
        )
    return found[0], item_key
