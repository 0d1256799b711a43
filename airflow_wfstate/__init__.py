"""Workflow state management for Apache Airflow.

The public names are imported on first use, so that importing the package costs almost nothing. Airflow imports it in
every process.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from airflow_wfstate.version import __version__

if TYPE_CHECKING:
    from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
    from airflow_wfstate.operators.compensate_workflow import CompensateWorkflowOperator
    from airflow_wfstate.operators.complete_workflow import CompleteWorkflowOperator
    from airflow_wfstate.operators.durable import durable
    from airflow_wfstate.operators.relay.handler import CompensationContext
    from airflow_wfstate.operators.send_event import SendEventOperator
    from airflow_wfstate.operators.start_workflow import StartWorkflowOperator
    from airflow_wfstate.operators.step import STEP, Step
    from airflow_wfstate.operators.transactional_step import TransactionalStepOperator
    from airflow_wfstate.operators.trigger_workflow_dag_run import TriggerWorkflowDagRunOperator
    from airflow_wfstate.operators.wait_for_event import WaitForEventOperator
    from airflow_wfstate.sensors.wait_for_step import WaitForStepSensor
    from airflow_wfstate.sensors.wait_for_workflow import WaitForWorkflowSensor

_PUBLIC: Final = {
    "STEP": "operators.step",
    "CompensateWorkflowOperator": "operators.compensate_workflow",
    "CompensationContext": "operators.relay.handler",
    "CompleteWorkflowOperator": "operators.complete_workflow",
    "SendEventOperator": "operators.send_event",
    "StartWorkflowOperator": "operators.start_workflow",
    "Step": "operators.step",
    "TransactionalStepOperator": "operators.transactional_step",
    "TriggerWorkflowDagRunOperator": "operators.trigger_workflow_dag_run",
    "WaitForEventOperator": "operators.wait_for_event",
    "WaitForStepSensor": "sensors.wait_for_step",
    "WaitForWorkflowSensor": "sensors.wait_for_workflow",
    "WorkflowStateHook": "hooks.workflow_state",
    "durable": "operators.durable",
}

__all__ = [
    "STEP",
    "CompensateWorkflowOperator",
    "CompensationContext",
    "CompleteWorkflowOperator",
    "SendEventOperator",
    "StartWorkflowOperator",
    "Step",
    "TransactionalStepOperator",
    "TriggerWorkflowDagRunOperator",
    "WaitForEventOperator",
    "WaitForStepSensor",
    "WaitForWorkflowSensor",
    "WorkflowStateHook",
    "__version__",
    "durable",
]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
