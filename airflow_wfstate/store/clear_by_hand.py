"""A clear by hand: somebody wants a task that had succeeded to run again.

Airflow keeps the tries of a task in ``task_instance_history``. The newest one there ended as ``success`` only when a
person cleared it; after a failure, a kill or a lost acknowledgement it is ``failed``, and the new try is a retry.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from airflow_wfstate.domain.journal import EntryKind
from airflow_wfstate.domain.payload import JsonValue
from airflow_wfstate.domain.states import CompensationState, WorkflowState
from airflow_wfstate.store import schema
from airflow_wfstate.store.airflow_tables import task_instance_history
from airflow_wfstate.store.caller import Caller
from airflow_wfstate.store.change import Change


def was_cleared_after_success(connection: Connection, caller: Caller) -> bool:
    """Whether the try before the caller's had ended well."""
    history = task_instance_history
    before: str | None = connection.execute(
        select(history.c.state)
        .where(
            history.c.dag_id == caller.dag_id,
            history.c.run_id == caller.run_id,
            history.c.task_id == caller.task_id,
            history.c.map_index == caller.map_index,
        )
        .order_by(history.c.try_number.desc())
        .limit(1)
    ).scalar_one_or_none()
    return before == "success"


def reopen(change: Change, data: Mapping[str, JsonValue] | None = None) -> None:
    """Let a workflow that had succeeded go on. What could undo it is armed again, for a person to use.

    :param data: for the journal; None when a task of it was cleared by hand.
    """
    change.become(WorkflowState.RUNNING, ended_at=None, reopened=True)
    change.reopened = True
    change.update(
        schema.compensation,
        where={"workflow_id": change.workflow_id, "state": CompensationState.DISCARDED.value},
        values={"state": CompensationState.ARMED.value},
    )
    change.journal(EntryKind.WORKFLOW_REOPENED, data=data)
