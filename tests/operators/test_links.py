"""The button "Workflow" of a task, where XComs are kept elsewhere than in the database."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.execution_time import task_runner, xcom

from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.operators.links import WorkflowLink, announce


class FileXCom(BaseXCom):
    """Keeps values in files, as the common.io provider's backend does, and in the database their addresses."""

    @staticmethod
    def serialize_value(value: Any, **_: Any) -> str:
        return "file:///tmp/xcom.json"


class Task:
    """A task instance, as far as it pushes XComs: Airflow's own goes the same way."""

    dag_id, task_id, run_id, map_index = "orders", "work", "r1", None

    def xcom_push(self, key: str, value: Any) -> None:
        xcom.XCom.set(key, value, dag_id=self.dag_id, task_id=self.task_id, run_id=self.run_id)


class Supervisor:
    """Keeps what a task has Airflow store."""

    def __init__(self) -> None:
        self.stored: dict[str, object] = {}

    def send(self, message: Any) -> None:
        self.stored[message.key] = message.value


def test_the_button_leads_to_the_page_whatever_keeps_xcoms(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    monkeypatch.setattr(xcom, "XCom", FileXCom)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/company/")
    workflow = WorkflowRef("0190b0a0", "order", "7", 1, "c", WorkflowState.RUNNING)

    task: Any = Task()
    announce(BaseOperator(task_id="work"), task, workflow)

    page = "https://example.com/company/plugin/wfstate?workflow=0190b0a0"
    assert supervisor.stored[WorkflowLink().xcom_key] == page
    assert supervisor.stored["wfstate"] == "file:///tmp/xcom.json"  # a value as any other
