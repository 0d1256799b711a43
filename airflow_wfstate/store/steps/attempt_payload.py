"""Store a payload that an attempt writes: its output, a checkpoint or a record."""

from __future__ import annotations

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, goes_into_file, keep, keep_inline
from airflow_wfstate.store.steps.attempt_key import parse


def keep_of_attempt(payload: Payload, attempt_key: str) -> StoredPayload:
    """Store a payload like ``stored_payload.keep``. Parses the key only if a file must be named after the attempt.

    :raises InvalidAttemptKey: the key is malformed.
    """
    if not goes_into_file(payload):
        return keep_inline(payload)
    key = parse(attempt_key)
    return keep(payload, f"{key.workflow_id}/{key.step_id}/{key.attempt}")
