"""Parameters that several routes have."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import AwareDatetime, BeforeValidator

from airflow_wfstate.domain.labels import MAX_LABELS
from airflow_wfstate.domain.states import StepState, WorkflowState
from airflow_wfstate.domain.step_changes import MAX_DECISIONS
from airflow_wfstate.domain.workflow import MAX_LIMIT
from airflow_wfstate.exceptions import InvalidRequest

_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str | None, Query(max_length=1000, pattern=_NO_NUL)]
"""What a filter asks for, or where a page begins."""


Cursor = Annotated[str | None, Query(max_length=2000, pattern=_NO_NUL, description="next_cursor of the page before.")]
"""Where a page of workflows begins; of a name of 250 characters it takes 1,500."""

LISTS: Final = {
    "label": MAX_LABELS,
    "new_step": MAX_DECISIONS,
    "readable_dag_id": 1000,
    "rename": MAX_DECISIONS,
    "state": len(WorkflowState),
    "step_state": len(StepState),
}
"""Parameters that may be given several times, and how often: as many as there can be different ones, or a thousand."""


def refuse_repetition(request: Request) -> None:
    """Refuse a parameter that means one thing and is given several times, and one that is given too often.

    FastAPI would take the last of the former, and any number of the latter.

    :raises InvalidRequest: when it is.
    """
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        limit = LISTS.get(name, 1)
        if times > limit:
            remedy = "Give it once." if limit == 1 else f"Give it at most {limit} times."
            raise InvalidRequest(f"The parameter {name[:80]} is given {times} times.", remedy)


def _not_a_number(text: object) -> object:
    """The text; pydantic would take a number for seconds since 1970."""
    if isinstance(text, str) and re.fullmatch(r"[-+]?[0-9._]+([eE][-+]?[0-9]+)?", text):
        raise ValueError("a number is no time")
    return text


Moment = Annotated[AwareDatetime | None, BeforeValidator(_not_a_number), Query(description="ISO 8601, with an offset.")]

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The size of a page.")]
