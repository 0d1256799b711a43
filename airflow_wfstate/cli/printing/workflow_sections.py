"""Print a workflow for people, ``grep`` and ``awk``, with a section for each kind of part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from airflow_wfstate.cli.printing.rendering import print_section, short_duration, short_time, shortened
from airflow_wfstate.cli.printing.shown_state import LEFT_OUT, counts_text, failing_text, state_text, undone_after
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.pending_wait import PendingWait
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.rules.flag import Flag
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.domain.rules.text.readable_json import readable_json


def print_workflow_sections(workflow: WorkflowDetail, output: str) -> None:
    """Print a workflow as ``table`` or ``plain``. Empty sections are left out.

    :param workflow: the workflow, with only those of its steps that are not mapped.
    """
    print_section("Workflow", [_header(workflow)], output)
    print_section("Progress", [_progress(workflow)], output)
    print_section("Flags", [_flag(flag) for flag in workflow.summary.flags], output)
    print_section("Waits", [_wait(wait) for wait in workflow.waits], output)
    print_section("Steps", _rows(workflow), output)
    _print_parts(workflow.steps, output)
    print_section(
        "Runs",
        [
            {"dag_id": run.dag_id, "run_id": run.run_id, "role": run.role, "state": run.state or "does not exist"}
            for run in workflow.runs
        ],
        output,
    )
    print_section(
        "Values",
        [
            {"value": name, "type": payload.type, "size": payload.size, "text": _shown_value(payload)}
            for name, payload in (("input", workflow.input), ("output", workflow.output))
            if payload is not None
        ],
        output,
    )


def print_steps(steps: Sequence[StepSummary], output: str) -> None:
    """Print steps as ``table`` or ``plain``, with all their parts."""
    print_section("Steps", [_step(step) for step in steps], output)
    _print_parts(steps, output)


def _print_parts(steps: Sequence[StepSummary], output: str) -> None:
    print_section("Attempts", _attempts(steps), output)
    print_section("Checkpoints", [row for step in steps for row in _checkpoints(step)], output)
    print_section("Compensations", [row for step in steps for row in _compensations(step)], output)


def _rows(workflow: WorkflowDetail) -> list[dict[str, object]]:
    """One row per step, and one per mapped step with all its items, in the order in which they began."""
    rows = [(step.started_at, _step(step)) for step in workflow.steps]
    rows += [(group.started_at, _group(group)) for group in workflow.step_groups if group.is_mapped]
    return [row for _, row in sorted(rows, key=lambda row: row[0])]


def _group(group: StepGroup) -> dict[str, object]:
    return {
        "participant": group.called.participant_label,
        "step": f"{group.name} ({counted(group.items, 'item')})",
        "state": counts_text(group),
        "round": None,
        "attempts": group.attempts,
        "output_type": None,
        "output_size": None,
        "output": None,
        "error": _first_line(group.error),
    }


def _flag(flag: Flag) -> dict[str, object]:
    return {
        "flag": flag.kind,
        "since": short_time(flag.since),
        "owner": flag.owner,
        "cause": flag.cause,
        "command": flag.command,
    }


def _wait(wait: PendingWait) -> dict[str, object]:
    return {
        "kind": wait.kind,
        "waits": wait.waiter,
        "since": short_time(wait.since),
        "until": short_time(wait.until),
        "for": wait.what,
    }


def _header(workflow: WorkflowDetail) -> dict[str, object]:
    summary = workflow.summary
    return {
        "id": summary.id,
        "name": summary.name,
        "key": summary.key,
        "generation": summary.generation,
        "state": state_text(summary),
        "on_failure": summary.on_failure,
        "started_at": short_time(summary.started_at),
        "took": _duration(summary.started_at, summary.forward_ended_at),
        "undone_after": undone_after(summary),
        "ended_at": short_time(summary.ended_at),
        "deadline_at": short_time(summary.deadline_at),
        "error": _first_line(summary.error or failing_text(summary)),
        "hold_reason": summary.hold_reason,
    }


def _progress(workflow: WorkflowDetail) -> dict[str, object]:
    progress = workflow.progress
    return {
        "done": ", ".join(progress.done),
        "running": ", ".join(progress.running),
        "failed": ", ".join(progress.failed),
        "compensated": ", ".join(progress.compensated),
        "remaining": ", ".join(progress.remaining),
        "not_reached": ", ".join(workflow.not_reached),
    }


def _shown_output(step: StepSummary) -> str | None:
    if step.output is None:
        return LEFT_OUT if step.output_left_out else None
    return _shown_value(step.output)


def _shown_value(payload: Payload) -> str:
    return shortened(readable_json(payload.text))


def _step(step: StepSummary) -> dict[str, object]:
    return {
        "participant": step.called.participant_label,
        "step": step.label,
        "state": step.state,
        "round": step.round,
        "attempts": len(step.attempts),
        "output_type": step.output_type,
        "output_size": step.output_size,
        "output": _shown_output(step),
        "error": _first_line(step.error),
    }


def _attempts(steps: Sequence[StepSummary]) -> list[dict[str, object]]:
    """One row per attempt, with the bundle version that it ran if bundles keep versions."""
    is_versioned = any(attempt.bundle_version for step in steps for attempt in step.attempts)
    return [
        {
            "step": step.label,
            "attempt": attempt.number,
            "round": attempt.round,
            "state": attempt.state,
            "run": f"{attempt.dag_id}/{attempt.run_id}",
            "try": attempt.try_number,
            **({"code": (attempt.bundle_version or "")[:12] or None} if is_versioned else {}),
            "started_at": short_time(attempt.started_at),
            "duration": _duration(attempt.started_at, attempt.ended_at),
            "error": _first_line(attempt.error),
        }
        for step in steps
        for attempt in step.attempts
    ]


def _checkpoints(step: StepSummary) -> list[dict[str, object]]:
    return [
        {
            "step": step.label,
            "round": checkpoint.round,
            "name": checkpoint.name,
            "type": checkpoint.type,
            "size": checkpoint.size,
            "attempt": checkpoint.attempt,
            "saved_at": short_time(checkpoint.saved_at),
        }
        for checkpoint in step.checkpoints
    ]


def _compensations(step: StepSummary) -> list[dict[str, object]]:
    return [
        {
            "step": step.label,
            "round": compensation.round,
            "state": compensation.state,
            "handler": compensation.handler,
            "attempts": f"{compensation.attempts}/{compensation.max_attempts}",
            "ended_at": short_time(compensation.ended_at),
            "error": _first_line(compensation.error),
        }
        for compensation in step.compensations
    ]


def _first_line(text: str | None) -> str | None:
    return text.partition("\n")[0] if text else None


def _duration(started_at: datetime, ended_at: datetime | None) -> str | None:
    return None if ended_at is None else short_duration(ended_at - started_at)
