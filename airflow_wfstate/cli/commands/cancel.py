"""``airflow wfstate cancel``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.commands.planned_action import PlannedAction
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.plan_sections import print_running_steps, print_staying_steps, print_unfinished_tasks
from airflow_wfstate.cli.printing.rendering import print_section, print_text
from airflow_wfstate.domain.messages.cancel import AffectedCompensation, CancelledWorkflow, CancelPlan, CancelWorkflow
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.counted import counted


@command
def cancel_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what the cancel will do, ask for confirmation, and do it. With ``--plan``, only print."""
    wanted = workflow_id(arguments.workflow, store)
    plan = store.plan_cancel(wanted, compensate=arguments.compensate)
    request = CancelWorkflow(wanted, compensate=arguments.compensate, reason=arguments.reason, actor=actor())
    PlannedAction(
        plan,
        is_to_do=plan.changes,
        verb="Cancel",
        print_plan=print_plan,
        act=lambda: store.cancel_workflow(request),
        print_answer=_print_answer,
        work=f"{counted(len(plan.tasks), 'task')} set to failed, {counted(len(plan.discarded), 'undo')} discarded",
        pieces=len(plan.tasks) + len(plan.discarded),
    ).carry_out(arguments)


def print_plan(plan: CancelPlan, output: str) -> None:
    """Print what a cancel would do, as ``table`` or ``plain``. Empty sections are left out."""
    workflow = plan.workflow
    print_text(f"Workflow {workflow.name}/{workflow.key} ({workflow.id}) is {workflow.state.value}. {plan.outcome}")
    print_unfinished_tasks(plan.tasks, output)
    print_running_steps(plan.open_steps, output, are_undone=plan.next_state is WorkflowState.COMPENSATING)
    print_section("Will be undone, in this order", _rows(plan.undone), output)
    print_staying_steps(plan.stays, output)
    print_section("Will never be undone", _rows(plan.discarded), output)
    for dag_id in plan.paused_dag_ids:
        print_text(
            f"The DAG {dag_id} is paused. Until it is unpaused, its runs do not end, and undo nothing: "
            f"airflow dags unpause {dag_id}"
        )


def _rows(compensations: Sequence[AffectedCompensation]) -> list[dict[str, object]]:
    return [{"step": item.step, "round": item.round, "handler": item.handler} for item in compensations]


def _print_answer(answer: CancelledWorkflow) -> None:
    if answer.changed:
        print_text(
            f"Workflow {answer.workflow.id} is now {answer.workflow.state.value}; "
            f"tasks set to failed: {answer.failed_tasks}, compensations discarded: {answer.discarded}."
        )
    else:
        print_text(f"Workflow {answer.workflow.id}: {answer.outcome}")
