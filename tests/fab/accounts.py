"""Users and roles of the FAB auth manager. Run as a script, in a process that may use Airflow's database, it makes
them.

Public, Viewer, User, Op and Admin are FAB's own roles; the others have permissions on one DAG only, made as
``airflow sync-perm --include-dags`` and the page "List Roles" make them.
"""

from __future__ import annotations

from typing import Final

DAG: Final = "orders"

CUSTOM_ROLES: Final = {
    "orders_reader": [("can_read", f"DAG:{DAG}")],
    "orders_editor": [
        ("can_read", f"DAG:{DAG}"),
        ("can_edit", f"DAG:{DAG}"),
        ("can_edit", f"DAG Run:{DAG}"),
    ],
    # What docs/reference/security.md gives the user of a connection of type wfstate: to edit runs of its DAGs.
    "orders_worker": [("can_edit", f"DAG:{DAG}"), ("can_edit", f"DAG Run:{DAG}")],
    "ledger_editor": [
        ("can_read", "DAG:ledger"),
        ("can_edit", "DAG:ledger"),
        ("can_edit", "DAG Run:ledger"),
    ],
}
"""The permissions of each, by name."""

ROLES: Final = ("Public", "Viewer", "User", "Op", "Admin", *CUSTOM_ROLES)
"""A user of each has the role's name in small letters, as login and as password."""


def make() -> None:
    """Create roles and users in Airflow's database."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        for name, permissions in CUSTOM_ROLES.items():
            role = manager.add_role(name)
            for action, resource in permissions:
                manager.add_permission_to_role(role, manager.create_permission(action, resource))
        for name in ROLES:
            login = name.lower()
            manager.add_user(login, login, "x", f"{login}@example.com", manager.find_role(name), login)


if __name__ == "__main__":
    make()
