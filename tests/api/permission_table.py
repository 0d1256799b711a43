"""Who gets which answer from each route of /wfstate/v1: the one table that test_permissions.py tries on a live
api-server, and that docs/generate.py writes into docs/reference/security.md.

Nothing is imported here that needs a service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from airflow_wfstate.backends.operations import OPERATIONS
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.step import LINK_CHILD_RUN

CALLERS: Final = {
    "anonymous": "no token",
    "viewer": "a user who may read every DAG",
    "user": "a user who may edit the runs of every DAG",
    "op": "as user, here",
    "admin": "as user, here",
    "other DAG": "a user with all permissions on another DAG, and none on this one",
    "task": "the running task itself",
    "deferred": "the task itself, deferred: its trigger calls",
    "finished": "the task itself, which has ended",
    "other task": "a running task of a run that takes no part in the workflow",
    "other's key": "the running task itself, with the key of another attempt",
    "expired": "the task's token, a minute too late",
    "audience": "the task's token, made out to somebody else than Airflow's execution API",
}
"""The columns. The five users are those of the simple auth manager's four roles, and one of a permission per DAG."""

Statuses = dict[str, int]


def _statuses(users: list[int], tasks: list[int], other_key: int | None = None) -> Statuses:
    """A row: ``users`` from viewer to other DAG, ``tasks`` from task to other task."""
    row = dict(zip(CALLERS, [401, *users, *tasks], strict=False))
    return row | ({} if other_key is None else {"other's key": other_key}) | {"expired": 401, "audience": 401}


_BY_RUNNING_TASK: Final = _statuses([403, 200, 200, 200, 403], [200, 404, 404, 403])
_BY_ATTEMPT: Final = _statuses([403, 200, 200, 200, 403], [200, 200, 200, 403], 403)
_BY_RUNNING_ATTEMPT: Final = _statuses([403, 200, 200, 200, 403], [200, 404, 404, 403], 403)
_BY_PERSON: Final = _statuses([403, 200, 200, 200, 404], [403, 403, 403, 403])
_SWEEP: Final = _statuses([403, 200, 200, 200, 403], [403, 403, 403, 403])
_READ: Final = _statuses([200, 200, 200, 200, 404], [200, 200, 200, 404])
_LIST: Final = _statuses([200, 200, 200, 200, 200], [403, 403, 403, 403])
_OPERATOR_READ: Final = _statuses([200, 200, 200, 200, 403], [403, 403, 403, 403])
_SENDER: Final = _statuses([200, 403, 403, 403, 403], [200, 200, 200, 403])
"""The definition of the scene names the viewer, and the DAG of the task."""
_ANYBODY: Final = _statuses([200, 200, 200, 200, 200], [200, 200, 200, 200])
_NO_LOGIN: Final = dict.fromkeys((caller for caller in CALLERS if caller != "other's key"), 404)
"""Of the address where a token is used: it asks for no login, and a login does not help."""


@dataclass(frozen=True)
class Route:
    """A row.

    :param path: below /wfstate/v1.
    :param statuses: by caller; a caller that is missing makes no sense here.
    :param on_page: whether the page has it too, below /wfstate/ui.
    """

    method: str
    path: str
    statuses: Statuses
    on_page: bool = False

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.method} {self.path}"


_BY_WHO: Final = {
    Who.TASK: _BY_RUNNING_TASK,
    Who.ATTEMPT: _BY_ATTEMPT,
    Who.COMPENSATION: _BY_ATTEMPT,
    Who.PERSON: _BY_PERSON,
    Who.READER: _READ,
    Who.LISTER: _LIST,
    Who.WAITER: _ANYBODY,
    Who.VIEWER: _LIST,
    Who.OPERATOR: _SWEEP,
    Who.MANAGER: _SWEEP,
    Who.SENDER: _SENDER,
}
"""The meaning of an operation's declaration, written out by hand. Tests compare it with a live server's responses."""

_OTHERWISE: Final = {LINK_CHILD_RUN.name: _BY_RUNNING_ATTEMPT}
"""Operations that ask for more than their declaration says."""


def _statuses_of(operation: Operation[Any, Any]) -> Statuses:
    if operation.who is Who.OPERATOR and operation.is_read:
        return _OPERATOR_READ
    return _OTHERWISE.get(operation.name, _BY_WHO[operation.who])


ROUTES: Final = [
    *(
        Route(
            operation.method,
            operation.path,
            _statuses_of(operation),
            on_page=operation.who in (Who.PERSON, Who.READER, Who.LISTER, Who.VIEWER, Who.OPERATOR, Who.MANAGER),
        )
        for operation in OPERATIONS
    ),
    Route("GET", "/workflows/{workflow_id}/actions", _READ, on_page=True),
    Route("GET", "/workflows/{workflow_id}/journal/export", _READ, on_page=True),
    Route("POST", "/tokens/{token}", _NO_LOGIN),
    Route("POST", "/sweep", _SWEEP),
    Route("GET", "/health", _ANYBODY, on_page=True),
    Route("GET", "/rights", _ANYBODY, on_page=True),
    Route("GET", "/openapi.json", _ANYBODY),
    Route("GET", "/docs", _ANYBODY),
]
"""Every route. test_permissions.py fails when the app has another."""


def as_markdown() -> str:
    """The table, and what its columns mean."""
    header = ["route", *CALLERS]
    rows = [[f"`{route.label}`", *(str(route.statuses.get(caller, "")) for caller in CALLERS)] for route in ROUTES]
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    legend = "\n".join(f"- **{caller}**: {meaning}" for caller, meaning in CALLERS.items())
    return f"{table}\n\n{legend}"
