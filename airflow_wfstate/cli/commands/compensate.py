"""``airflow wfstate compensate``."""

from __future__ import annotations

from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.arguments import code
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.commands.planned_action import PlannedAction
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.plan_sections import print_running_steps, print_staying_steps, print_unfinished_tasks
from airflow_wfstate.cli.printing.rendering import print_section, print_text
from airflow_wfstate.domain.messages.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    PlannedCompensation,
)
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.domain.rules.text.readable_json import readable_json


@command
def compensate_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what will be undone, ask for confirmation, and do it. With ``--plan``, only print."""
    wanted = workflow_id(arguments.workflow, store)
    plan = store.plan_compensate(wanted, code(arguments))
    request = CompensateWorkflow(wanted, reason=arguments.reason, code=code(arguments), actor=actor())
    PlannedAction(
        plan,
        is_to_do=plan.changes,
        verb="Undo",
        print_plan=print_plan,
        act=lambda: store.compensate_workflow(request),
        print_answer=_print_answer,
        work=f"{counted(len(plan.tasks), 'task')} set to failed, {counted(len(plan.undone), 'compensation')} queued",
        pieces=len(plan.tasks) + len(plan.undone),
    ).carry_out(arguments)


def print_plan(plan: CompensatePlan, output: str) -> None:
    """Print what would be undone, as ``table`` or ``plain``. Empty sections are left out."""
    workflow = plan.workflow
    print_text(f"Workflow {workflow.name}/{workflow.key} ({workflow.id}) is {workflow.state.value}. {plan.outcome}")
    print_section("Will be undone, in this order", [_row(item) for item in plan.undone], output)
    print_running_steps(plan.open_steps, output, are_undone=True)
    print_section(
        "Cannot be undone", [{"step": step.step, "reason": step.reason} for step in plan.irreversible], output
    )
    print_staying_steps(plan.stays, output)
    print_section(
        "Already undone or given up",
        [{"step": item.step, "round": item.round, "state": item.state} for item in plan.already],
        output,
    )
    print_section(
        "Nothing to undo: the step did not act, or its compensation found nothing to do",
        [{"step": item.step, "round": item.round, "state": item.state} for item in plan.not_needed],
        output,
    )
    print_unfinished_tasks(plan.tasks, output)
    for obstacle in dict.fromkeys(item.obstacle for item in plan.undone if item.obstacle):
        print_text(f"Obstacle: {obstacle}")


def _row(item: PlannedCompensation) -> dict[str, object]:
    return {
        "step": item.step,
        "round": item.round,
        "state": item.state,
        "handler": item.handler,
        "payload": None if item.output is None else readable_json(item.output.text),
        "dag_id": item.dag_id or None,
        "run_id": item.run_id or None,
    }


def _print_answer(answer: CompensatedWorkflow) -> None:
    if answer.changed:
        print_text(
            f"Workflow {answer.workflow.id} is now {answer.workflow.state.value}; "
            f"tasks set to failed: {answer.failed_tasks}."
        )
    else:
        print_text(f"Workflow {answer.workflow.id}: {answer.outcome}")
