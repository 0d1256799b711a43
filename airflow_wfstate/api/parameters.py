"""Check the query parameters of every route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from airflow_wfstate.api.asked_parameters import most_of
from airflow_wfstate.backends.operations import OPERATIONS
from airflow_wfstate.domain.messages.asked import asked_fields
from airflow_wfstate.exceptions import InvalidRequest


def _lists() -> dict[str, int]:
    found: dict[str, int] = {}
    for operation in OPERATIONS:
        for field in asked_fields(operation.request) if operation.is_read else ():
            if (most := most_of(field)) > 1:
                found[field.parameter] = max(most, found.get(field.parameter, 0))
    return found


LISTS: Final = _lists()
"""The repeatable parameters, and how often they may be given. A route with fewer states checks that itself."""


def check_parameters(request: Request) -> None:
    """Refuse unknown parameters, repeated ones, and those that are repeated too often.

    FastAPI would ignore an unknown parameter (a mistyped filter would list everything), use the last value of a
    repeated one, and accept any number of repetitions.

    :raises InvalidRequest: there is such a parameter.
    """
    if not request.query_params:
        return
    known = _declared(request.scope["route"])
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in known:
            raise InvalidRequest(
                f"There is no parameter {name[:80]!r} here.",
                f"Use {', '.join(sorted(known))}." if known else "Leave it out; this URL has no parameters.",
            )
        limit = LISTS.get(name, 1)
        if times > limit:
            remedy = "Give it once." if limit == 1 else f"Give it at most {limit} times."
            raise InvalidRequest(f"The parameter {name[:80]} is given {times} times.", remedy)


def _declared(route: APIRoute) -> frozenset[str]:
    """The names of a route's query parameters, including those of its dependencies."""
    return frozenset(_parameters(route.dependant))


def _parameters(dependant: Dependant) -> Iterator[str]:
    # FastAPI's own function for this moved between versions, while the attributes stayed.
    for field in dependant.query_params:
        yield field.alias
    for dependency in dependant.dependencies:
        yield from _parameters(dependency)
