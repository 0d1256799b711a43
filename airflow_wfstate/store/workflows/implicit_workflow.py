"""The workflow of a run that started none: named after its DAG, with the run id as key."""

from __future__ import annotations

from itertools import count

from sqlalchemy import Connection, exists, func, select

from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import FINAL_WORKFLOW_STATES
from airflow_wfstate.exceptions import WorkflowNotFound
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import (
    FINISHED_TASK_STATES,
    REMOVED,
    START_OPERATOR,
    dag_run,
    task_instance,
)
from airflow_wfstate.store.database.transaction import Contention
from airflow_wfstate.store.definitions.applied import read_applied
from airflow_wfstate.store.payloads.stored_payload import keep_inline
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.new_workflow import NewWorkflow, insert_workflow
from airflow_wfstate.store.workflows.rehearsal import IS_BOUND, implicit_key, is_single_task


def start_implicit_workflow(connection: Connection, caller: Caller) -> Change:
    """Start the workflow for the first step of a run, and lock it.

    :raises WorkflowNotFound: the run has a task that starts its workflow, and has not done so.
    :raises Contention: another step of the run has just done so.
    """
    _check_has_no_start(connection, caller)
    workflow = schema.workflow
    key = _free_key(connection, caller)
    earlier = connection.execute(
        select(func.max(workflow.c.generation)).where(workflow.c.name == caller.dag_id, workflow.c.key == key)
    ).scalar_one()
    applied = read_applied(connection, caller.dag_id)
    new = NewWorkflow(
        name=caller.dag_id,
        key=key,
        generation=(earlier or 0) + 1,
        input=keep_inline(Payload.of({})),
        definition=Definition() if applied is None else applied.definition,
        implicit=True,
    )
    inserted = insert_workflow(connection, new, caller)
    if inserted is None:
        raise Contention(f"workflow {caller.dag_id} / {key} was started by another step")
    change = lock_by_id(connection, inserted.workflow_id, caller.actor)
    if change is None:
        raise Contention(f"workflow {inserted.workflow_id} is gone")
    return change


def _check_has_no_start(connection: Connection, caller: Caller) -> None:
    """A step below a start that failed or was skipped must not act: in a workflow of its own, it would act twice."""
    if is_single_task(caller.run_id):
        return
    start = connection.execute(
        select(task_instance.c.task_id, task_instance.c.state)
        .where(
            task_instance.c.dag_id == caller.dag_id,
            task_instance.c.run_id == caller.run_id,
            task_instance.c.operator == START_OPERATOR,
            task_instance.c.state.is_distinct_from(REMOVED),
        )
        .order_by(task_instance.c.task_id)
        .limit(1)
    ).one_or_none()
    if start is not None:
        raise WorkflowNotFound(
            f"Run {caller.run_id} of DAG {caller.dag_id} belongs to no workflow: its task {start.task_id} "
            f"({start.state or 'not run yet'}) has started none. So step {caller.task_id} does not begin.",
            f"See the log of {start.task_id} for why, then clear it with its downstream tasks. A step that should be "
            "skipped when its start fails or is skipped needs a trigger rule that requires a success, such as "
            "none_failed_min_one_success.",
        )


def _free_key(connection: Connection, caller: Caller) -> str:
    """The run's id, with a suffix if a rehearsal with this id, or another run after one, already has that key.

    :raises Contention: another step of the run has just started its workflow.
    """
    workflow, run = schema.workflow, schema.run
    for number in count(1):
        key = implicit_key(caller.run_id, number)
        newest = connection.execute(
            select(workflow.c.id)
            .where(workflow.c.name == caller.dag_id, workflow.c.key == key)
            .order_by(workflow.c.generation.desc())
            .limit(1)
        ).scalar_one_or_none()
        if newest is None or newest == caller.workflow_id:
            return key
        bound = connection.execute(
            select(run.c.workflow_id)
            .join(dag_run, (dag_run.c.dag_id == run.c.dag_id) & (dag_run.c.run_id == run.c.run_id))
            .where(run.c.dag_id == caller.dag_id, run.c.run_id == caller.run_id, IS_BOUND)
        ).scalar_one_or_none()
        if bound != caller.workflow_id:
            raise Contention(f"workflow {caller.dag_id} / {key} was started by another step")
    raise AssertionError("count() has no end")


def starts_next_generation(connection: Connection, change: Change, caller: Caller) -> bool:
    """Whether the caller's step starts the next generation of a compensated or cancelled implicit workflow.

    It does if its whole run was cleared since: no task of the run remains that ended before the workflow did.
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
