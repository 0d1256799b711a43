"""Parameters that several routes have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from airflow_wfstate.domain.workflow import MAX_LIMIT

_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str | None, Query(max_length=1000, pattern=_NO_NUL)]
"""What a filter asks for, or where a page begins."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The size of a page.")]
