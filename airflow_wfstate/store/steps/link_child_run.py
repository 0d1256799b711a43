"""Link a child run before it exists."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.step import LinkChildRun, LinkedChildRun
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import FINAL_WORKFLOW_STATES, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.names import MAX_NAME_LENGTH, check_name
from airflow_wfstate.exceptions import StaleAttempt, WorkflowClosed, WorkflowExists
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.steps.attempt_key import parse
from airflow_wfstate.store.steps.earlier_child_run import child_of_round, resumed_child
from airflow_wfstate.store.steps.end_attempt import check_newest, check_write_number, is_applied, lock_attempt
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.steps.write_content import content_sha256
from airflow_wfstate.store.workflows.caller import read_caller
from airflow_wfstate.store.workflows.new_workflow import bind_run


def link_child_run(connection: Connection, request: LinkChildRun) -> LinkedChildRun | Unchanged[LinkedChildRun]:
    """Link the run, as described at ``StateBackend.link_child_run``."""
    check_name("DAG id", request.dag_id)
    check_name("run id", request.run_id)
    check_write_number(request.write)
    key = parse(request.attempt_key)
    change, step = lock_attempt(connection, key)
    earlier = child_of_round(connection, step, request.dag_id) or resumed_child(connection, step, request.dag_id)
    run_id = earlier or _own_run_id(connection, change.workflow_id, step, request)
    answer = LinkedChildRun(step.id, key.attempt, request.write, run_id)
    if is_applied(step, key, request):
        return Unchanged(answer)
    check_newest(change, step, key)
    if step.attempt_state is not StepState.RUNNING:
        raise StaleAttempt(
            f"Attempt {key.attempt} of step {step.label} is {step.attempt_state.value}.",
            "Only a running attempt links runs.",
        )
    if change.state is not WorkflowState.RUNNING:
        raise WorkflowClosed(
            f"Step {step.label} cannot trigger run {request.run_id} of DAG {request.dag_id}: workflow {change.name} / "
            f"{change.key} is {change.state.value}.",
            "Stop: nothing further is done for this workflow.",
        )
    # Airflow's state counts here too: a task failed manually may still report while it dies, but it starts nothing.
    read_caller(connection, key.task_instance_id)
    if earlier is None:
        _check_free(connection, change.workflow_id, request.dag_id, run_id)
        bind_run(connection, change, request.dag_id, run_id, RunRole.CHILD, parent_step_id=step.id)
    change.update(
        schema.attempt,
        where={"step_id": step.id, "number": step.attempt},
        values={"last_write": request.write, "last_write_sha256": content_sha256(request)},
    )
    change.write()
    return answer


def _own_run_id(connection: Connection, workflow_id: str, step: StepRow, request: LinkChildRun) -> str:
    """The requested run id; another one if a step at another place of the workflow has triggered that run.

    This happens when the triggering DAG is itself triggered more than once: its step has the same name at each place.
    """
    run = schema.run
    others = connection.execute(
        select(run.c.run_id).where(
            run.c.workflow_id == workflow_id,
            run.c.dag_id == request.dag_id,
            run.c.run_id == request.run_id,
            run.c.parent_step_id != step.id,
        )
    ).one_or_none()
    if others is None:
        return request.run_id
    own = hashlib.sha256(step.id.encode()).hexdigest()[:32]
    return f"{request.run_id[: MAX_NAME_LENGTH - len(own) - 2]}__{own}"


def _check_free(connection: Connection, workflow_id: str, dag_id: str, run_id: str) -> None:
    run, workflow = schema.run, schema.workflow
    bound = connection.execute(
        select(workflow.c.id, workflow.c.name, workflow.c.key, workflow.c.state)
        .join(run, run.c.workflow_id == workflow.c.id)
        .where(run.c.dag_id == dag_id, run.c.run_id == run_id, run.c.bound)
    ).one_or_none()
    if bound is None or bound.id == workflow_id or WorkflowState(bound.state) in FINAL_WORKFLOW_STATES:
        return
    raise WorkflowExists(
        f"Run {run_id} of DAG {dag_id} belongs to workflow {bound.name} / {bound.key} ({bound.id}), "
        f"which is {bound.state}.",
        "Trigger a separate run.",
    )
