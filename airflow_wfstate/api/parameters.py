"""Parameters that several routes have."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BeforeValidator, StringConstraints

from airflow_wfstate.domain.messages.journal import EntryKind
from airflow_wfstate.domain.messages.step_changes import MAX_DECISIONS
from airflow_wfstate.domain.rules.labels import MAX_LABELS
from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import InvalidRequest

_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str | None, Query(max_length=1000, pattern=_NO_NUL)]
"""What a filter asks for, or where a page begins."""

Item = Annotated[str, StringConstraints(max_length=1000, pattern=_NO_NUL)]
"""Of a parameter that may be given several times."""


Cursor = Annotated[str | None, Query(max_length=2000, pattern=_NO_NUL, description="next_cursor of the page before.")]
"""Where a page of workflows begins; of a name of 250 characters it takes 1,500."""

LISTS: Final = {
    "kind": len(EntryKind),
    "label": MAX_LABELS,
    "new_step": MAX_DECISIONS,
    "readable_dag_id": 1000,
    "rename": MAX_DECISIONS,
    "state": len(WorkflowState),
    "step_state": len(StepState),
}
"""Parameters that may be given several times, and how often: as many as there can be different ones, or a thousand."""


def check_parameters(request: Request) -> None:
    """Refuse a parameter that the route does not have, one that is given several times, and one given too often.

    FastAPI would ignore the first (a mistyped filter would list everything), take the last of the second, and any
    number of the third.

    :raises InvalidRequest: when there is one.
    """
    if not request.query_params:
        return
    known = _declared(request.scope["route"])
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in known:
            raise InvalidRequest(
                f"There is no parameter {name[:80]!r} here.",
                f"Use {', '.join(sorted(known))}." if known else "Leave it out: this address has none.",
            )
        limit = LISTS.get(name, 1)
        if times > limit:
            remedy = "Give it once." if limit == 1 else f"Give it at most {limit} times."
            raise InvalidRequest(f"The parameter {name[:80]} is given {times} times.", remedy)


def _declared(route: APIRoute) -> frozenset[str]:
    """The names of the query parameters of a route, its dependencies' among them."""
    return frozenset(field.alias for field in get_flat_dependant(route.dependant).query_params)


def _not_a_number(text: object) -> object:
    """The text; pydantic would take a number for seconds since 1970."""
    if isinstance(text, str) and re.fullmatch(r"[-+]?[0-9._]+([eE][-+]?[0-9]+)?", text):
        raise ValueError("a number is no time")
    return text


Moment = Annotated[AwareDatetime | None, BeforeValidator(_not_a_number), Query(description="ISO 8601, with an offset.")]

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The size of a page.")]
