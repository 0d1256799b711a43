"""Parameters that several routes have."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator

from airflow_wfstate.domain.workflow import MAX_LIMIT

_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str | None, Query(max_length=1000, pattern=_NO_NUL)]
"""What a filter asks for, or where a page begins."""


def _not_a_number(text: object) -> object:
    """The text; pydantic would take a number for seconds since 1970."""
    if isinstance(text, str) and re.fullmatch(r"[-+]?[0-9._]+([eE][-+]?[0-9]+)?", text):
        raise ValueError("a number is no time")
    return text


Moment = Annotated[AwareDatetime | None, BeforeValidator(_not_a_number), Query(description="ISO 8601, with an offset.")]

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The size of a page.")]
