"""Headers that writes have in common."""

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
        description="Sent again with the same body, the write changes nothing and answers the same.",
    ),
]
"""The Idempotency-Key of a write. A key in the body counts where there is no header."""
