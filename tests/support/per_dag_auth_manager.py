"""Airflow's simple auth manager, with one user who may touch one DAG only."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

CLERK = "clerk"
CLERKS_DAG = "ledger"


class PerDagAuthManager(SimpleAuthManager):
    """Permissions per DAG, as the FAB auth manager has them: :data:`CLERK` has them on :data:`CLERKS_DAG`."""

    def is_authorized_dag(self, *, user: Any, details: DagDetails | None = None, **question: Any) -> bool:
        """Whether the role allows it, and the DAG is the clerk's when the user is."""
        if user.username == CLERK and (details is None or details.id != CLERKS_DAG):
            return False
        return super().is_authorized_dag(user=user, details=details, **question)
