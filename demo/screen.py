"""The demo's output: a live view of workflows and steps in a terminal, otherwise one line per change."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from demo.client import AirflowClient, Json
from demo.story import Outcome

_STYLES = {
    "running": "bold yellow",
    "waiting": "yellow",
    "succeeded": "green",
    "skipped": "dim",
    "failed": "bold red",
    "lost": "bold red",
    "compensating": "bold magenta",
    "compensated": "magenta",
    "compensation_failed": "bold red",
    "cancelled": "dim",
}


class Screen:
    """Shows the workflows of an Airflow, and the current scenario.

    :param console: where to print; plain lines when it is not a terminal.
    :param progress: rows loaded by the long step, and rows in total; None before it starts.
    """

    def __init__(self, console: Console, client: AirflowClient, progress: Callable[[], tuple[int, int] | None]) -> None:
        self._console = console
        self._client = client
        self._progress = progress
        self._title = ""
        self._told: dict[str, str] = {}
        self._spinner = Spinner("dots")
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def begin(self, title: str) -> None:
        """Announce the next scenario."""
        self._title = title
        if self._live is None:
            self._console.print(f"--- {title}", markup=False, highlight=False)
        self.look()

    def end(self, outcome: Outcome) -> None:
        """Print the outcome of the scenario."""
        self.look()
        self._console.print(outcome_line(outcome))

    def look(self) -> None:
        """Fetch the workflows, and show what has changed."""
        workflows = [self._client.workflow(line["id"]) for line in reversed(self._client.workflows(limit=10))]
        if self._live is None:
            self._tell_changes(workflows)
        else:
            self._live.update(self._picture(workflows), refresh=True)

    def __enter__(self) -> Screen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def _picture(self, workflows: list[Json]) -> RenderableType:
        parts: list[RenderableType] = [_table(workflows)]
        if loaded := self._progress():
            parts.append(_bar(*loaded))
        self._spinner.update(text=Text(self._title, style="bold"))
        parts.append(self._spinner.render(time.monotonic()))
        return Group(*parts)

    def _tell_changes(self, workflows: list[Json]) -> None:
        for workflow in workflows:
            summary = workflow["summary"]
            name = f"{summary['name']}/{summary['key']}"
            for step in workflow["steps"]:
                attempt = f", attempt {len(step['attempts'])}" if step["attempts"] else ""  # services have none
                self._tell(f"{name} {_step_name(step)}", f"{step['state']}{attempt}")
            self._tell(name, summary["state"])
        if loaded := self._progress():
            quarter = 4 * loaded[0] // loaded[1]
            self._tell("airports loaded", f"{quarter * 25} %")

    def _tell(self, what: str, state: str) -> None:
        if self._told.get(what) != state:
            self._told[what] = state
            self._console.print(f"{what}: {state}", markup=False, highlight=False, soft_wrap=True)


def outcome_line(outcome: Outcome) -> RenderableType:
    """A scenario's outcome, ready to print."""
    mark = "[bold green]passed[/]" if outcome.held else "[bold red]FAILED[/]"
    return f"{mark} {escape(outcome.title)}\n       [dim]{escape(outcome.finding)}[/]"


def _table(workflows: list[Json]) -> Table:
    table = Table(expand=True, title="Workflows", title_justify="left")
    table.add_column("workflow / step")
    table.add_column("state", width=20)
    table.add_column("attempts", justify="right", width=8)
    table.add_column("undo", width=12)
    for workflow in workflows:
        summary = workflow["summary"]
        done = f"{summary['steps_done']}/{summary['steps_total']}"
        table.add_row(Text(f"{summary['name']}/{summary['key']}", style="bold"), _state(summary["state"], done), "", "")
        for step in workflow["steps"]:
            undo = step["compensations"][-1]["state"] if step["compensations"] else ""
            table.add_row(f"  {_step_name(step)}", _state(step["state"]), str(len(step["attempts"]) or ""), undo)
        for entry in workflow["progress"]["remaining"]:
            table.add_row(Text(f"  {entry}", style="dim"), Text("planned", style="dim"), "", "")
    return table


def _state(state: str, more: str = "") -> Text:
    return Text(f"{state} {more}".rstrip(), style=_STYLES.get(state, ""))


def _step_name(step: Json) -> str:
    item = f"[{step['item_key']}]" if step["item_key"] else ""
    return f"{step['participant']}.{step['name']}{item}"


def _bar(rows: int, total: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        "load_airports.load", ProgressBar(total=total, completed=rows, width=40), f"{rows:,} of {total:,} rows"
    )
    return grid
