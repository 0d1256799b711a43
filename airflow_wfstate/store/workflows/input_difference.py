"""How the input of a start differs from the workflow's stored input."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.input_difference import WHOLE_INPUT, differing_fields
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads.stored_payload import payload_of
from airflow_wfstate.store.workflows.change import Change


def how_input_differs(connection: Connection, change: Change, given: Payload) -> list[str]:
    """The top-level fields in which the inputs differ, as ``domain.input_difference`` determines them.

    Just ``$`` when the stored input cannot be read: it stays unchanged, and the start does not need it.
    """
    if change.input_sha256 == given.sha256:
        return []
    workflow = schema.workflow
    row = connection.execute(
        select(workflow.c.input, workflow.c.input_type, workflow.c.input_sha256).where(
            workflow.c.id == change.workflow_id
        )
    ).one()
    try:
        stored = payload_of(row.input, row.input_type, row.input_sha256)
    except (PayloadDamaged, PayloadUnavailable):
        stored = None
    return [WHOLE_INPUT] if stored is None else differing_fields(stored, given)
