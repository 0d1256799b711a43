"""The XCom ``wfstate``, which identifies the workflow of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from airflow_wfstate.domain.messages.workflow import WorkflowRef

WORKFLOW_XCOM_KEY: Final = "wfstate"


def push_workflow(task_instance: RuntimeTaskInstanceProtocol, workflow: WorkflowRef, **details: object) -> None:
    """Push the XCom, so that it can be read while the task is still running.

    :param details: further entries, in addition to the workflow's id, name, key and correlation id.
    """
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
