"""``airflow wfstate resume`` and ``airflow wfstate restart``."""

from __future__ import annotations

from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.arguments import code, parse_duration
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.commands.planned_action import PlannedAction
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.cli.printing.resume_sections import print_plan
from airflow_wfstate.domain.messages.resume import ResumedWorkflow, ResumeWorkflow
from airflow_wfstate.domain.messages.step_changes import parse_renames
from airflow_wfstate.domain.rules.text.counted import counted


@command
def resume_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what the resume will do, ask for confirmation, and do it. With ``--plan``, only print."""
    _run_again(arguments, store, "Resume", from_step=None)


@command
def restart_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what the restart will do, ask for confirmation, and do it. With ``--plan``, only print."""
    _run_again(arguments, store, "Restart", from_step=arguments.from_step)


def _run_again(arguments: Namespace, store: StateBackend, verb: str, from_step: str | None) -> None:
    deadline = None if arguments.deadline is None else int(parse_duration(arguments.deadline).total_seconds())
    wanted = workflow_id(arguments.workflow, store)
    renames, new_steps = parse_renames(arguments.renames or []), arguments.new_steps or []
    plan = store.plan_resume(wanted, from_step, code(arguments), renames=renames, new_steps=new_steps)
    request = ResumeWorkflow(
        wanted,
        from_step=from_step,
        reason=arguments.reason,
        deadline_seconds=deadline,
        code=code(arguments),
        renames=renames,
        new_steps=new_steps,
        actor=actor(),
    )
    PlannedAction(
        plan,
        is_to_do=plan.allowed,
        verb=verb,
        print_plan=print_plan,
        act=lambda: store.resume_workflow(request),
        print_answer=_print_answer,
        work=f"{counted(len(plan.tasks) + len(plan.relays), 'task')} cleared",
        pieces=len(plan.tasks) + len(plan.relays),
    ).carry_out(arguments)


def _print_answer(answer: ResumedWorkflow) -> None:
    print_text(f"Workflow {answer.workflow.id}: {answer.outcome}" if answer.changed else answer.outcome)
