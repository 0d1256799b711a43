"""Headers that all writes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from airflow_wfstate.store.workflows.stored_answer import MAX_KEY_LENGTH

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=MAX_KEY_LENGTH,
        pattern=r"^[ -~]+$",
        description="Sent again with the same key and body, the write changes nothing and returns the same answer.",
    ),
]
"""The Idempotency-Key of a write. Without this header, a key in the body applies."""
