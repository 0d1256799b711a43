"""The size of a page of any list."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.exceptions import InvalidRequest

MAX_LIMIT: Final = 1000
"""The maximum size of a page of any list."""


def check_limit(limit: int) -> None:
    """Check the size of a page.

    :raises InvalidRequest: it is not from 1 to 1000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"A page cannot hold {limit} entries.", f"Ask for 1 to {MAX_LIMIT}.")
