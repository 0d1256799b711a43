"""The button "Workflow" of a task whose run takes part in a workflow.

The api-server computes the link when someone opens the page, so tasks push nothing for it. (An XCom costs the
api-server as much as half a step, and Airflow pushes it a second time at the end.) The link exists while the task is
still running, and only the server knows its own public URL.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from airflow_wfstate.domain.rules.page_path import page_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

log = logging.getLogger(__name__)


class WorkflowLink(BaseOperatorLink):
    """Links each task of a run to the page of the run's workflow, the newest one if it was bound to several."""

    name = "Workflow"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The URL of the page, below ``[api] base_url``; empty if the run takes part in no workflow.

        It never raises, because Airflow requests all buttons of a task together and would then show none.
        """
        try:
            workflow_id = _workflow_of(ti_key.dag_id, ti_key.run_id)
        except Exception:
            log.exception("The workflow of the run %s of %s could not be read.", ti_key.run_id, ti_key.dag_id)
            return ""
        return "" if workflow_id is None else _page(workflow_id)


def _workflow_of(dag_id: str, run_id: str) -> str | None:
    from airflow import settings

    from airflow_wfstate.backends.database_lists import DatabaseLists
    from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery

    lists = DatabaseLists(settings.get_engine())  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
    found = lists.list_workflows(WorkflowQuery(dag_id=dag_id, run_id=run_id, limit=1)).workflows
    return found[0].id if found else None


def _page(workflow_id: str) -> str:
    from airflow.configuration import conf

    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return f"{base_url.rstrip('/')}{page_path(workflow_id)}"
