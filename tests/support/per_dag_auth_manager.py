"""Airflow's simple auth manager, with one user who may access only one DAG."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

CLERK = "clerk"
CLERKS_DAG = "ledger"


class PerDagAuthManager(SimpleAuthManager):
    """Permissions per DAG, as in the FAB auth manager: :data:`CLERK` has them only for :data:`CLERKS_DAG`."""

    def is_authorized_dag(self, *, user: Any, details: DagDetails | None = None, **question: Any) -> bool:
        """Whether the role allows it and, if the user is the clerk, the DAG is the clerk's."""
        if user.username == CLERK and (details is None or details.id != CLERKS_DAG):
            return False
        return super().is_authorized_dag(user=user, details=details, **question)
