"""Write the end of a succeeded workflow, which discards its compensations."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.payloads.checks import described
from airflow_wfstate.store.payloads.stored_payload import StoredPayload
from airflow_wfstate.store.workflows.change import Change


def complete(
    change: Change,
    output: StoredPayload | None,
    not_reached: list[str],
    data: Mapping[str, JsonValue] | None = None,
) -> None:
    """Write the workflow's output and its end, and discard its armed compensations.

    :param output: None to keep the output it already has.
    :param data: extra data for the journal entry.
    """
    change.become(
        WorkflowState.SUCCEEDED,
        **({} if output is None else output.columns("output")),
        ended_at=change.now,
        hold_reason=None,
    )
    change.discard_armed()
    output_entry = {} if output is None else {"output": described(output)}
    change.journal(
        EntryKind.WORKFLOW_SUCCEEDED, data={**output_entry, "not_reached": list(not_reached), **(data or {})}
    )
