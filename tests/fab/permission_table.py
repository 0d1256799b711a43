"""What each role of the FAB auth manager gets from a workflow of the DAG ``orders``; docs/generate.py writes it into
docs/reference/security.md.
"""

from __future__ import annotations

from typing import Final

from tests.fab.accounts import ROLES

_READ: Final = (404, 200, 200, 200, 200, 200, 200, 404, 404)
_WRITE: Final = (403, 403, 200, 200, 200, 403, 200, 200, 403)
_BY_PERSON: Final = (404, 403, 200, 200, 200, 403, 200, 404, 404)
_EVERY_DAG: Final = (403, 403, 200, 200, 200, 403, 403, 403, 403)
_ANYBODY: Final = (200,) * len(ROLES)

ROUTES: Final = {
    "GET /workflows": _ANYBODY,
    "GET /workflows/{workflow_id}": _READ,
    "GET /workflows/{workflow_id}/journal": _READ,
    "GET /workflows/{workflow_id}/cancel-plan": _READ,
    "POST /workflows/{workflow_id}/resume": _BY_PERSON,
    "POST /workflows/{workflow_id}/cancel": _BY_PERSON,
    "POST /workflows": _WRITE,
    "POST /steps/begin": _WRITE,
    "POST /steps/end": _WRITE,
    "POST /sweep": _EVERY_DAG,
    "GET /health": _ANYBODY,
}
"""The status by role, for each route that is tried."""

LISTED: Final = frozenset({"Viewer", "User", "Op", "Admin", "orders_reader", "orders_editor"})
"""The roles whose list has the workflow."""

SEES_COUNT: Final = frozenset({"Viewer", "User", "Op", "Admin"})
"""The roles that see the number of open workflows in health."""


def as_markdown() -> str:
    """The table."""
    header = ["route", *ROLES]
    rows = [[f"`{label}`", *(str(status) for status in statuses)] for label, statuses in ROUTES.items()]
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
