"""Compensations that events advance: a workflow failed, a service answered, or a step succeeded late."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.store.compensation.failure import undo_after_all
from airflow_wfstate.store.compensation.late_undo import undo_late, update_late_undo_reason
from airflow_wfstate.store.compensation.rest import come_to_rest
from airflow_wfstate.store.compensation.take_turn import give_turn
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.events.open_workflow import OpenWorkflow
from airflow_wfstate.store.steps.undo_order import give_positions
from airflow_wfstate.store.workflows.change import Change

_compensation = schema.compensation


def continue_compensations(connection: Connection, workflows: Sequence[OpenWorkflow]) -> None:
    """Continue the compensation of these workflows, as far as their events allow.

    Call this after writing what the events did to steps and compensations.
    """
    for workflow in workflows:
        change = workflow.change
        if workflow.has_answer and change.state is WorkflowState.COMPENSATION_FAILED:
            _go_on_after_answer(connection, change)
        if workflow.armed and change.state is WorkflowState.FAILED:
            undo_after_all(connection, change)
        if change.state is WorkflowState.COMPENSATING:
            if workflow.has_answer or workflow.armed or change.state is not workflow.was:
                _give_turn(connection, workflow)
        elif change.state is WorkflowState.COMPENSATED:
            for step_id, number in workflow.armed:
                undo_late(connection, change, step_id, number)
            if workflow.armed or workflow.has_answer:
                update_late_undo_reason(connection, change)


def _give_turn(connection: Connection, workflow: OpenWorkflow) -> None:
    change = workflow.change
    if change.at_rest:
        for step_id in {step_id for step_id, _ in workflow.armed}:
            give_positions(connection, change.workflow_id, step_id)
    if come_to_rest(connection, change):
        give_turn(connection, change)


def _go_on_after_answer(connection: Connection, change: Change) -> None:
    """Continue a workflow on hold when its service has done, late, what it was held for, unless another undo failed."""
    another = select(_compensation.c.step_id).where(
        _compensation.c.workflow_id == change.workflow_id,
        _compensation.c.state == CompensationState.FAILED.value,
    )
    if connection.execute(select(exists(another))).scalar_one():
        return
    change.become(WorkflowState.COMPENSATING, hold_reason=None, ended_at=None)
    change.journal(EntryKind.WORKFLOW_COMPENSATING, data={"by": "answer"})
