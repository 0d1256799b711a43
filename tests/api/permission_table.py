"""Who gets which answer from each route of /wfstate/v1: the one table that test_permissions.py tries on a live
api-server, and that docs/generate.py writes into docs/security.md.

Nothing is imported here that a service would need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
_ANYBODY: Final = _statuses([200, 200, 200, 200, 200], [200, 200, 200, 200])


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


_ONE: Final = "/workflows/{workflow_id}"

ROUTES: Final = [
    Route("POST", "/workflows", _BY_RUNNING_TASK),
    Route("POST", "/workflows/complete", _BY_RUNNING_TASK),
    Route("POST", "/steps/begin", _BY_RUNNING_TASK),
    Route("POST", "/steps/checkpoint", _BY_ATTEMPT),
    Route("POST", "/steps/record", _BY_ATTEMPT),
    Route("POST", "/steps/records", _BY_ATTEMPT),
    Route("POST", "/steps/end", _BY_ATTEMPT),
    Route("POST", "/steps/child-run", _BY_RUNNING_ATTEMPT),
    Route("POST", "/compensations/turn", _BY_RUNNING_TASK),
    Route("POST", "/compensations/end", _BY_ATTEMPT),
    Route("GET", "/workflows", _LIST, on_page=True),
    Route("GET", _ONE, _READ, on_page=True),
    Route("GET", "/stats", _LIST, on_page=True),
    Route("GET", f"{_ONE}/steps", _READ, on_page=True),
    Route("GET", f"{_ONE}/steps/{{step_id}}", _READ, on_page=True),
    Route("GET", f"{_ONE}/steps/{{step_id}}/checkpoints", _READ, on_page=True),
    Route("GET", f"{_ONE}/compensations", _READ, on_page=True),
    Route("GET", f"{_ONE}/task-activity", _READ, on_page=True),
    Route("GET", f"{_ONE}/journal", _READ, on_page=True),
    Route("GET", f"{_ONE}/resume-plan", _READ, on_page=True),
    Route("GET", f"{_ONE}/cancel-plan", _READ, on_page=True),
    Route("GET", f"{_ONE}/compensate-plan", _READ, on_page=True),
    Route("POST", f"{_ONE}/resume", _BY_PERSON, on_page=True),
    Route("POST", f"{_ONE}/restart", _BY_PERSON, on_page=True),
    Route("POST", f"{_ONE}/cancel", _BY_PERSON, on_page=True),
    Route("POST", f"{_ONE}/compensate", _BY_PERSON, on_page=True),
    Route("POST", f"{_ONE}/compensation", _BY_PERSON, on_page=True),
    Route("GET", f"{_ONE}/actions", _READ, on_page=True),
    Route("POST", "/sweep", _SWEEP),
    Route("GET", "/health", _ANYBODY),
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
