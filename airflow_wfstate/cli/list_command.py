"""``airflow wfstate list``."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Final

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    print_text,
    short_duration,
    short_time,
)
from airflow_wfstate.cli.shown_state import error_text, state_text, undone_after
from airflow_wfstate.domain.labels import parse_labels
from airflow_wfstate.domain.states import StepState, WorkflowState
from airflow_wfstate.domain.workflow import WorkflowQuery, WorkflowSort, WorkflowSummary
from airflow_wfstate.exceptions import InvalidRequest

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@command
def list_workflows(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of workflows; on stderr how to get the next page, and how many there are when it was asked."""
    now = datetime.now(timezone.utc)
    page = store.list_workflows(
        WorkflowQuery(
            name=arguments.name,
            key=arguments.key,
            states=parse_states(arguments.state or []),
            dag_id=arguments.dag_id,
            correlation_id=arguments.correlation_id,
            key_prefix=arguments.key_prefix,
            search=arguments.search,
            labels=parse_labels(arguments.label or []),
            step_states=[parse_step_state(text) for text in arguments.step_state or []],
            since=None if arguments.since is None else parse_since(arguments.since, now),
            until=None if arguments.until is None else parse_since(arguments.until, now),
            stuck=True if arguments.stuck else None,
            sort=WorkflowSort(arguments.sort),
            limit=arguments.limit,
            cursor=arguments.cursor,
            with_total=arguments.total,
        )
    )
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.workflows), arguments.output)
    else:
        print_rows([_row(workflow, now) for workflow in page.workflows], arguments.output)
    if page.total is not None:
        print_text(f"{page.total} workflows in all.", is_error=True)
    tell_next_page(arguments, page.next_cursor)


def parse_states(texts: Sequence[str]) -> list[WorkflowState]:
    """The states that ``--state`` names; each text may name several, with commas.

    :raises InvalidRequest: one is no state of a workflow.
    """
    return [_state(name.strip()) for text in texts for name in text.split(",")]


def parse_since(text: str, now: datetime) -> datetime:
    """The time that ``--since`` names.

    :param text: ISO 8601, in UTC unless it has an offset; or a number with s, m, h, d or w: that long before ``now``.
    :raises InvalidRequest: it is neither.
    """
    try:
        if ago := re.fullmatch(r"(\d+)([smhdw])", text, re.ASCII):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        # Python 3.10 does not read the Z of ISO 8601.
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{text!r} is no time.",
            "Write it as 2026-03-01T12:00:00+00:00, or how long ago, as 90s, 30m, 2h, 1d or 4w.",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _state(name: str) -> WorkflowState:
    try:
        return WorkflowState(name)
    except ValueError:
        raise InvalidRequest(
            f"{name!r} is no state of a workflow.",
            f"The states are {', '.join(state.value for state in WorkflowState)}.",
        ) from None


def parse_step_state(name: str) -> StepState:
    """The state that ``--step-state`` names.

    :raises InvalidRequest: it is no state of a step.
    """
    try:
        return StepState(name)
    except ValueError:
        raise InvalidRequest(
            f"{name!r} is no state of a step.", f"The states are {', '.join(state.value for state in StepState)}."
        ) from None


def _row(workflow: WorkflowSummary, now: datetime) -> dict[str, object]:
    return {
        "id": workflow.id,
        "name": workflow.name,
        "key": workflow.key,
        "generation": workflow.generation,
        "state": state_text(workflow),
        "steps": f"{workflow.steps_done}/{workflow.steps_total}",
        "current_step": workflow.current_step,
        "labels": ", ".join(f"{name}={value}" for name, value in workflow.labels.items()) or None,
        "flags": ", ".join(flag.kind.value for flag in workflow.flags) or None,
        "started_at": short_time(workflow.started_at),
        "duration": short_duration((workflow.forward_ended_at or now) - workflow.started_at),
        "undone_after": undone_after(workflow),
        "error": error_text(workflow),
    }
