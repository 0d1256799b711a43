"""Shell completers for arguments, which import :mod:`airflow_wfstate.cli.completion` only when a shell asks.

This module is imported whenever ``airflow`` starts.
"""

from __future__ import annotations

from typing import Final

from airflow.cli.cli_config import lazy_load_command

from airflow_wfstate.cli.arg import Completer


def _lazy(function: str) -> Completer:
    complete: Completer = lazy_load_command(f"airflow_wfstate.cli.completion.{function}")
    return complete


WORKFLOW: Final = _lazy("complete_workflow")
NAME: Final = _lazy("complete_name")
KEY: Final = _lazy("complete_key")
STATE: Final = _lazy("complete_state")
STEP: Final = _lazy("complete_step")
STEP_STATE: Final = _lazy("complete_step_state")
ENTRY_KIND: Final = _lazy("complete_entry_kind")

BY_FILTER: Final = {
    "name": NAME,
    "key": KEY,
    "states": STATE,
    "step_states": STEP_STATE,
    "kinds": ENTRY_KIND,
    "step": STEP,
}
"""Completers by the field of a filter."""
