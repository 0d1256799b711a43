"""The workflow of a run that started none: named after its DAG, keyed by the run id."""

from __future__ import annotations

from sqlalchemy import Connection, exists, func, select

from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.domain.states import FINAL_WORKFLOW_STATES
from airflow_wfstate.domain.workflow import RunRole
from airflow_wfstate.store import schema
from airflow_wfstate.store.airflow_tables import FINISHED_TASK_STATES, task_instance
from airflow_wfstate.store.caller import Caller
from airflow_wfstate.store.change import Change, lock_by_id
from airflow_wfstate.store.definition import Definition
from airflow_wfstate.store.new_workflow import NewWorkflow, insert_workflow
from airflow_wfstate.store.stored_payload import keep_inline
from airflow_wfstate.store.transaction import Contention


def start_implicit_workflow(connection: Connection, caller: Caller) -> Change:
    """Start the workflow for the first step of a run, and lock it.

    :raises Contention: another step of the run has just done so.
    """
    workflow = schema.workflow
    earlier = connection.execute(
        select(func.max(workflow.c.generation)).where(workflow.c.name == caller.dag_id, workflow.c.key == caller.run_id)
    ).scalar_one()
    new = NewWorkflow(
        name=caller.dag_id,
        key=caller.run_id,
        generation=(earlier or 0) + 1,
        input=keep_inline(Payload.of({})),
        definition=Definition(),
        implicit=True,
    )
    inserted = insert_workflow(connection, new, caller)
    if inserted is None:
        raise Contention(f"workflow {caller.dag_id} / {caller.run_id} was started by another step")
    change = lock_by_id(connection, inserted.workflow_id, caller.actor)
    if change is None:
        raise Contention(f"workflow {inserted.workflow_id} is gone")
    return change


def is_started_anew(connection: Connection, change: Change, caller: Caller) -> bool:
    """Whether the caller's step starts the next generation of an implicit workflow that was compensated or cancelled.

    So it is when its whole run was cleared since: no task of it is left that had ended before the workflow did.
    """
    if not change.implicit or change.state not in FINAL_WORKFLOW_STATES or caller.role is not RunRole.OWNER:
        return False
    workflow = schema.workflow
    left = select(task_instance.c.id).where(
        task_instance.c.dag_id == caller.dag_id,
        task_instance.c.run_id == caller.run_id,
        task_instance.c.state.in_(FINISHED_TASK_STATES),
        task_instance.c.end_date <= workflow.c.ended_at,
    )
    return connection.execute(
        select(~exists(left)).select_from(workflow).where(workflow.c.id == change.workflow_id)
    ).scalar_one()
