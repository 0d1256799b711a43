"""The workflow of a run that started none: named after its DAG, keyed by the run id."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.store import schema
from airflow_wfstate.store.caller import Caller
from airflow_wfstate.store.change import Change, lock_by_id
from airflow_wfstate.store.definition import Definition
from airflow_wfstate.store.new_workflow import NewWorkflow, insert_workflow
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
        input=Payload.of({}),
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
