"""The colour of each state, shared by lists and trees."""

from __future__ import annotations

from typing import Final

from rich.text import Text

_STYLES: Final = {
    "running": "cyan",
    "waiting": "cyan",
    "queued": "cyan",
    "succeeded": "green",
    "success": "green",
    "done": "green",
    "failed": "red",
    "lost": "red",
    "compensation_failed": "bold red",
    "compensating": "yellow",
    "compensated": "magenta",
}
"""States of workflows, steps, compensations and Airflow's runs. A state that is not listed has no colour."""


def styled_state(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=_STYLES.get(state, ""))
