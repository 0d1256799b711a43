"""Parameters that several routes have."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import AwareDatetime, BeforeValidator

from airflow_wfstate.domain.workflow import MAX_LIMIT
from airflow_wfstate.exceptions import InvalidRequest

_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str | None, Query(max_length=1000, pattern=_NO_NUL)]
"""What a filter asks for, or where a page begins."""


LISTS: Final = frozenset({"label", "new_step", "readable_dag_id", "rename", "state", "step_state"})
"""Parameters that may be given several times."""


def refuse_repetition(request: Request) -> None:
    """Refuse a parameter that means one thing and is given several times; FastAPI would take the last.

    :raises InvalidRequest: when it is.
    """
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if times > 1 and name not in LISTS:
            raise InvalidRequest(f"The parameter {name[:80]} is given {times} times.", "Give it once.")


def _not_a_number(text: object) -> object:
    """The text; pydantic would take a number for seconds since 1970."""
    if isinstance(text, str) and re.fullmatch(r"[-+]?[0-9._]+([eE][-+]?[0-9]+)?", text):
        raise ValueError("a number is no time")
    return text


Moment = Annotated[AwareDatetime | None, BeforeValidator(_not_a_number), Query(description="ISO 8601, with an offset.")]

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The size of a page.")]
