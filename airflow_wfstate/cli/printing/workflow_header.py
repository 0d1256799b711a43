"""The header of a workflow on a terminal: its state, what failed and why, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap
from typing import Final

from rich.text import Text

from airflow_wfstate.cli.printing.rendering import short_duration, short_time, shortened
from airflow_wfstate.cli.printing.shown_state import failing_text, state_text, telling_line, undone_after, wait_text
from airflow_wfstate.cli.printing.state_style import styled_state
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.text.characters import shown_text
from airflow_wfstate.domain.rules.text.readable_json import readable_json

_ALARMING: Final = ("error", "failed step")
_NARROWEST: Final = 30
"""Minimum columns of a text, however narrow the terminal is."""

_MOST_FAILED: Final = 5
"""How many failed steps are listed; the tree has all of them."""

_MOST_WAITS: Final = 5
"""How many waits are listed; sections and programs get up to fifty."""


def workflow_title(summary: WorkflowSummary) -> Text:
    """``order/1001  failed  3/5 steps``."""
    state = styled_state(summary.state.value)
    state.append(state_text(summary).removeprefix(summary.state.value), style="red")
    title = Text(shown_text(f"{summary.name}/{summary.key}"), style="bold")
    return Text("  ").join([title, state, Text(f"{summary.steps_done}/{summary.steps_total} steps")])


def workflow_header(workflow: WorkflowDetail, now: datetime, width: int) -> list[Text]:
    """The lines of the header, each with a name and a text. Texts are wrapped between words, so no id is broken."""
    lines = list(_lines(workflow, now))
    indent = max(len(name) for name, _ in lines) + 2
    return [_line(name, text, indent, width) for name, text in lines]


def _line(name: str, text: str, indent: int, width: int) -> Text:
    wrapped = wrap(shown_text(text), max(_NARROWEST, width - indent), break_long_words=False, break_on_hyphens=False)
    line = Text(name.ljust(indent), style="dim")
    style = "red not dim" if name in _ALARMING else "not dim"
    return line.append(("\n" + " " * indent).join(wrapped), style=style)


def _lines(workflow: WorkflowDetail, now: datetime) -> Iterator[tuple[str, str]]:
    summary = workflow.summary
    yield from _what_failed(workflow)
    for flag in summary.flags:
        if flag.kind is FlagKind.HELD:
            yield "on hold", f"since {short_time(flag.since)}: {summary.hold_reason or 'it failed'}"
        else:
            yield "flag", f"{flag.kind.value} since {short_time(flag.since)}: {flag.cause}"
        yield "  try", flag.command
    yield "id", summary.id
    if summary.generation > 1:
        yield "generation", str(summary.generation)
    if summary.correlation_id != summary.id:
        yield "correlation id", summary.correlation_id
    if summary.labels:
        yield "labels", ", ".join(f"{name}={value}" for name, value in summary.labels.items())
    yield "started", _started(summary, now)
    if summary.deadline_at is not None:
        passed = "; it has passed" if summary.ended_at is None and summary.deadline_at <= now else ""
        yield "deadline", f"{short_time(summary.deadline_at)}{passed}"
    yield "on failure", summary.on_failure.value
    if workflow.definition_in_force is not None:
        yield "definition", _definition(workflow)
    for wait in workflow.waits[:_MOST_WAITS]:
        yield "waits", f"{wait.waiter} waits for {wait_text(wait, now)}"
    if more := len(workflow.waits[_MOST_WAITS:]) + workflow.further_waits:
        yield "waits", f"and {more} more"
    if workflow.progress.remaining:
        yield "remaining", ", ".join(workflow.progress.remaining)
    if workflow.not_reached:
        yield "not reached", ", ".join(workflow.not_reached)
    for name, payload in (("input", workflow.input), ("output", workflow.output)):
        if payload is not None:
            yield name, shortened(readable_json(payload.text))


def _what_failed(workflow: WorkflowDetail) -> Iterator[tuple[str, str]]:
    summary = workflow.summary
    failed = [step for step in workflow.steps if step.state in (StepState.FAILED, StepState.LOST)]
    line = telling_line(summary.error or failing_text(summary))
    if line and not any(line.endswith(telling_line(step.error) or line) for step in failed):
        yield "error", line
    for step in failed[:_MOST_FAILED]:
        yield (
            "failed step",
            f"{step.called.brief}: {telling_line(step.error) or 'its process died without an error message'}",
        )
        for attempt in step.attempts[-1:]:
            yield "  in", f"attempt {attempt.number}, task {attempt.task_id} of {attempt.dag_id} {attempt.run_id}"
    for group in workflow.step_groups:
        bad = group.by_state.get(StepState.FAILED, 0) + group.by_state.get(StepState.LOST, 0)
        if group.is_mapped and bad:
            line = telling_line(group.error)
            yield "failed step", f"{group.called.brief}: {bad} of {group.items} items{f': {line}' if line else ''}"


def _definition(workflow: WorkflowDetail) -> str:
    own, in_force = workflow.definition_number, workflow.definition_in_force
    text = "of its start" if own is None else f"version {own}"
    return text if own == in_force else f"{text}; version {in_force} is in force"


def _started(summary: WorkflowSummary, now: datetime) -> str:
    text = f"{short_time(summary.started_at)}, {short_duration(now - summary.started_at)} ago"
    if summary.forward_ended_at is not None:
        text += f"; took {short_duration(summary.forward_ended_at - summary.started_at)}"
    if later := undone_after(summary):
        text += f"; undone {later} later"
    return text
