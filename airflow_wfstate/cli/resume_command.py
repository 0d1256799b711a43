"""``airflow wfstate resume``."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import redirect_stdout

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.code import code
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.duration import parse_duration
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.person import actor, check_agreed
from airflow_wfstate.cli.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_text
from airflow_wfstate.cli.resume_sections import print_plan
from airflow_wfstate.domain.resume import ResumedWorkflow, ResumePlan, ResumeWorkflow
from airflow_wfstate.domain.step_changes import parse_renames


@command
def resume_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Print what the resume will do, ask, and do it. With ``--plan`` only print."""
    set_going(arguments, store, from_step=None)


def set_going(arguments: Namespace, store: StateBackend, from_step: str | None) -> None:
    """What a resume and a restart have in common.

    :param from_step: to restart from; None to resume.
    """
    for_programs = arguments.output in PROGRAM_FORMATS
    deadline = None if arguments.deadline is None else int(parse_duration(arguments.deadline).total_seconds())
    wanted = workflow_id(arguments.workflow, store)
    renames, new_steps = parse_renames(arguments.renames or []), arguments.new_steps or []
    plan = store.plan_resume(wanted, from_step, code(arguments), renames=renames, new_steps=new_steps)
    if arguments.plan:
        _print(plan, arguments.output)
        return
    if plan.allowed:
        if not (for_programs and arguments.yes):
            # What programs read is the answer alone; the plan is for the person who is asked.
            with redirect_stdout(sys.stderr if for_programs else sys.stdout):
                print_plan(plan, "plain" if for_programs else arguments.output)
        verb = "Resume" if from_step is None else "Restart"
        check_agreed(arguments, f"{verb} the workflow {plan.workflow.name}/{plan.workflow.key}?")
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
    _print(store.resume_workflow(request), arguments.output)


def _print(answer: ResumePlan | ResumedWorkflow, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(answer), output)
    elif isinstance(answer, ResumePlan):
        print_plan(answer, output)
    elif answer.changed:
        print_text(f"Workflow {answer.workflow.id}: {answer.outcome}")
    else:
        print_text(answer.outcome)
