"""``airflow wfstate compensate``."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import redirect_stdout

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.code import code
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.person import actor, check_agreed
from airflow_wfstate.cli.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_section, print_text
from airflow_wfstate.cli.staying_steps import print_staying_steps
from airflow_wfstate.cli.unfinished_tasks import print_unfinished_tasks
from airflow_wfstate.domain.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    PlannedCompensation,
)


@command
def compensate_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what is undone, ask, and do it. With ``--plan`` only print."""
    for_programs = arguments.output in PROGRAM_FORMATS
    wanted = workflow_id(arguments.workflow, store)
    plan = store.plan_compensate(wanted, code(arguments))
    if arguments.plan:
        _print(plan, arguments.output)
        return
    if plan.changes:
        if not (for_programs and arguments.yes):
            # What programs read is the answer alone; the plan is for the person who is asked.
            with redirect_stdout(sys.stderr if for_programs else sys.stdout):
                print_plan(plan, "plain" if for_programs else arguments.output)
        check_agreed(arguments, f"Undo the workflow {plan.workflow.name}/{plan.workflow.key}?")
    answer = store.compensate_workflow(
        CompensateWorkflow(wanted, reason=arguments.reason, code=code(arguments), actor=actor())
    )
    _print(answer, arguments.output)


def print_plan(plan: CompensatePlan, output: str) -> None:
    """Print what would be undone, as ``table`` or ``plain``. Sections that would be empty are left out."""
    workflow = plan.workflow
    print_text(f"Workflow {workflow.name}/{workflow.key} ({workflow.id}) is {workflow.state.value}. {plan.outcome}")
    print_section("What is undone, in this order", [_row(item) for item in plan.undone], output)
    print_section("Steps at work, which are ended first", [{"step": step} for step in plan.open_steps], output)
    print_section(
        "What cannot be undone", [{"step": step.step, "reason": step.reason} for step in plan.irreversible], output
    )
    print_staying_steps(plan.stays, output)
    print_section(
        "What was undone or given up before",
        [{"step": item.step, "round": item.round, "state": item.state} for item in plan.already],
        output,
    )
    print_section(
        "What needs no undo: it did not act, or there was nothing to undo",
        [{"step": item.step, "round": item.round, "state": item.state} for item in plan.not_needed],
        output,
    )
    print_unfinished_tasks(plan.tasks, output)
    for obstacle in dict.fromkeys(item.obstacle for item in plan.undone if item.obstacle):
        print_text(f"In the way: {obstacle}")


def _row(item: PlannedCompensation) -> dict[str, object]:
    return {
        "step": item.step,
        "round": item.round,
        "state": item.state,
        "handler": item.handler,
        "payload": None if item.output is None else item.output.text,
        "dag_id": item.dag_id,
        "run_id": item.run_id,
    }


def _print(answer: CompensatePlan | CompensatedWorkflow, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(answer), output)
    elif isinstance(answer, CompensatePlan):
        print_plan(answer, output)
    elif answer.changed:
        print_text(
            f"Workflow {answer.workflow.id} is {answer.workflow.state.value} now; "
            f"tasks set to failed: {answer.failed_tasks}."
        )
    else:
        print_text(f"Workflow {answer.workflow.id}: {answer.outcome}")
