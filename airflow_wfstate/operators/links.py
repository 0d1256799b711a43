"""The link from a task to the page of its workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow.sdk import BaseOperatorLink

from airflow_wfstate.domain.rules.page_path import page_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import RuntimeTaskInstanceProtocol, TaskInstanceKey

    from airflow_wfstate.domain.messages.workflow import WorkflowRef

_PAGE_ATTRIBUTE: Final = "_wfstate_page"
WORKFLOW_XCOM_KEY: Final = "wfstate"
"""The XCom in which a task names its workflow, and the step that it does there."""


def workflow_page(workflow_id: str) -> str:
    """The address of a workflow's page: ``[api] base_url``, when it is set, and the page's path."""
    from airflow.sdk.configuration import conf

    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return f"{base_url.rstrip('/')}{page_path(workflow_id)}"


class WorkflowLink(BaseOperatorLink):
    """The button "Workflow" of a task that takes part in one."""

    name = "Workflow"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address of the page; empty when the task has not learned its workflow.

        Called in the task's own process, after its try.
        """
        return str(getattr(operator, _PAGE_ATTRIBUTE, ""))


def announce(
    operator: BaseOperator, task_instance: RuntimeTaskInstanceProtocol, workflow: WorkflowRef, **details: object
) -> None:
    """Push the link and the XCom ``wfstate``, so that both show while the task is still running.

    :param details: further entries of the XCom, beside the workflow's id, name, key and correlation id.
    """
    page = workflow_page(workflow.id)
    setattr(operator, _PAGE_ATTRIBUTE, page)
    _push_link(task_instance, page)
    task_instance.xcom_push(
        key=WORKFLOW_XCOM_KEY,
        value={
            "workflow_id": workflow.id,
            "name": workflow.name,
            "key": workflow.key,
            "correlation_id": workflow.correlation_id,
            **details,
        },
    )


def _push_link(task_instance: RuntimeTaskInstanceProtocol, page: str) -> None:
    """Push the link as Airflow does at the end of a try: past a custom XCom backend.

    The button reads the XCom's row as it stands; a backend that keeps values elsewhere would leave an address there.
    """
    from airflow.sdk.bases.xcom import BaseXCom
    from airflow.sdk.execution_time.xcom import XCom

    if XCom is BaseXCom:
        task_instance.xcom_push(key=WorkflowLink().xcom_key, value=page)
        return
    BaseXCom.set(
        WorkflowLink().xcom_key,
        page,
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        map_index=-1 if task_instance.map_index is None else task_instance.map_index,
    )
