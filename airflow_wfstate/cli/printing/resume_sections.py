"""The plan of a resume or restart for people, with a section for each kind of effect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from airflow_wfstate.cli.printing.rendering import print_section, print_text, shortened
from airflow_wfstate.domain.messages.code import RunCode
from airflow_wfstate.domain.messages.resume import ClearedTask, NewTask, ResumePlan
from airflow_wfstate.domain.messages.step_changes import StepFate
from airflow_wfstate.domain.rules.text.readable_json import readable_json

_FATES: Final = {
    StepFate.RENAMED: "continues as {0.renamed_to}",
    StepFate.STAYS: "unchanged: done",
    StepFate.CLOSED: "closed as skipped: it was removed before it was done",
    StepFate.UNDECIDED: "renamed or removed? (--rename, --new)",
}


def print_plan(plan: ResumePlan, output: str) -> None:
    """Print a plan as ``table`` or ``plain``. Empty sections are left out."""
    workflow = plan.workflow
    print_text(f"Workflow {workflow.name}/{workflow.key} ({workflow.id}) is {workflow.state.value}.")
    if plan.refusal is not None:
        _print_step_changes(plan, output)
        print_text(f"This is not possible now. {plan.refusal.reason} {plan.refusal.remedy}")
        return
    print_section("Tasks that will be cleared", _tasks(plan.tasks), output)
    print_section("Relays that will also be cleared", _tasks(plan.relays), output)
    print_section(
        "Runs that will continue",
        [
            {
                "dag_id": run.dag_id,
                "run_id": run.run_id,
                "role": run.role,
                "state": run.state,
                "cleared": run.cleared_tasks,
            }
            for run in plan.runs
        ],
        output,
    )
    print_section(
        "Missing runs that will be created again",
        [
            {
                "dag_id": run.dag_id,
                "run_id": run.run_id,
                "role": run.role,
                "created_by": run.created_by,
                "conf": None if run.conf is None else shortened(_conf(run.conf)),
            }
            for run in plan.recreated_runs
        ],
        output,
    )
    versioned = [run for run in plan.code if run.is_versioned]
    print_section("Code of runs whose bundle keeps versions", [_code(run) for run in versioned], output)
    print_section(
        "Tasks that differ in the latest code",
        [
            {"dag_id": run.dag_id, "run_id": run.run_id, "task": task.task_id, "change": task.change}
            for run in versioned
            for task in run.changed_tasks
        ],
        output,
    )
    print_section("Steps that will run", [{"step": step.step, "why": step.why} for step in plan.steps_to_run], output)
    print_section(
        "Finished steps that return their stored output", [{"step": step} for step in plan.steps_answering], output
    )
    print_section(
        "Tasks added to the DAG since",
        [
            {
                "dag_id": task.dag_id,
                "run_id": task.run_id,
                "task": task.task_id,
                "runs": _how_it_runs(task),
            }
            for task in plan.new_tasks
        ],
        output,
    )
    _print_step_changes(plan, output)
    for dag in plan.paused_dags:
        print_text(f"The DAG {dag.dag_id} is paused. Its runs do not start until it is unpaused ({dag.command}).")
    for note in plan.notes:
        print_text(note)


def _print_step_changes(plan: ResumePlan, output: str) -> None:
    print_section(
        "Steps that no task declares any more",
        [
            {"step": step.step, "task": step.task_id, "items": step.items, "becomes": _FATES[step.fate].format(step)}
            for step in plan.undeclared_steps
        ],
        output,
    )
    new = [step for step in plan.new_steps if step.renamed_from is None]
    print_section("Steps that are new", [{"step": step.step, "task": step.task_id} for step in new], output)


def _how_it_runs(task: NewTask) -> str:
    if not task.runs:
        return "no: the run keeps its version of the DAG"
    if task.renamed_from is not None:
        return f"yes: it continues step {task.renamed_from}"
    return "yes"


def _conf(conf: Mapping[str, object]) -> str:
    return readable_json(json.dumps(dict(conf), default=str))


def _code(run: RunCode) -> dict[str, object]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "same": str(run.own),
        "latest": str(run.latest or "unknown"),
        "uses": run.uses,
    }


def _tasks(tasks: Sequence[ClearedTask]) -> list[dict[str, object]]:
    return [
        {
            "dag_id": task.dag_id,
            "run_id": task.run_id,
            "task": f"{task.task_id}[{task.map_index}]" if task.map_index >= 0 else task.task_id,
            "state": task.state,
            "why": task.why,
        }
        for task in tasks
    ]
