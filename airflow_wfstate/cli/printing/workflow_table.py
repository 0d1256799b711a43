"""Print a list of workflows for people: five columns that fit the terminal, or all columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from airflow_wfstate.cli.printing.console import Console
from airflow_wfstate.cli.printing.fitting import fit_end, fit_middle
from airflow_wfstate.cli.printing.rendering import (
    NOTHING,
    as_table,
    print_rows,
    print_text,
    print_wide,
    short_age,
    short_duration,
    short_time,
)
from airflow_wfstate.cli.printing.shown_state import error_text, problem_text, state_text, undone_after
from airflow_wfstate.cli.printing.state_style import styled_state
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.rules.text.characters import shown_text

_GAP: Final = 3
"""Characters between two columns of Airflow's tables."""

_LEAST: Final = 16
"""Characters that a name with its key, and an error, keep at least, however narrow the terminal is."""

_ROOM_FOR_PROBLEM: Final = 28
"""Characters that an error keeps before a long name and key are shortened to make room for it."""


def print_workflows(workflows: Sequence[WorkflowSummary], now: datetime, output: str, *, is_wide: bool) -> None:
    """Print workflows as ``table`` or ``plain``.

    :param is_wide: whether a table has all columns and full texts; ``plain`` always does.
    """
    if output == "plain":
        print_rows([_whole_row(workflow, now) for workflow in workflows], output)
    elif not workflows:
        print_text(NOTHING)
    elif is_wide:
        print_wide(as_table([_whole_row(workflow, now) for workflow in workflows]))
    else:
        _print_fitting(workflows, now)


def _print_fitting(workflows: Sequence[WorkflowSummary], now: datetime) -> None:
    console = Console()
    rows = [_row(workflow, now) for workflow in workflows]
    if all(workflow.generation == 1 for workflow in workflows):
        for row in rows:
            del row["gen"]
    taken = sum(_width(rows, column) for column in rows[0] if column not in ("workflow", "problem"))
    room = console.width - taken - _GAP * (len(rows[0]) - 1)
    problem = _width(rows, "problem")
    named = min(_width(rows, "workflow"), max(_LEAST, room - min(problem, _ROOM_FOR_PROBLEM)))
    for row in rows:
        row["workflow"] = Text(fit_middle(row["workflow"].plain, named))
        row["problem"] = Text(fit_end(row["problem"].plain, max(_LEAST, room - named)))
    print_wide(as_table(rows))


def _width(rows: Sequence[dict[str, Text]], column: str) -> int:
    return max(cell_len(column), *(cell_len(row[column].plain) for row in rows))


def _row(workflow: WorkflowSummary, now: datetime) -> dict[str, Text]:
    return {
        "workflow": Text(shown_text(f"{workflow.name}/{workflow.key}")),
        "gen": Text(str(workflow.generation)),
        "state": styled_state(workflow.state.value),
        "steps": Text(f"{workflow.steps_done}/{workflow.steps_total}"),
        "problem": Text(shown_text(problem_text(workflow) or "")),
        "age": Text(short_age(now - workflow.started_at)),
    }


def _whole_row(workflow: WorkflowSummary, now: datetime) -> dict[str, object]:
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
