"""Whether a workflow could be resumed now. Makes the full plan only when something is in doubt.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.resume import Refusal, ResumeWorkflow
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance
from airflow_wfstate.store.resume.plan import known_dag_ids, prepare_resume
from airflow_wfstate.store.resume.refusal import refusal_of_state
from airflow_wfstate.store.resume.run_create import refusal_of_gone_owner
from airflow_wfstate.store.resume.step_changes import MAY_BE_DONE
from airflow_wfstate.store.runs.code import RunCodes
from airflow_wfstate.store.runs.dag_steps import DagSteps, steps_of_dag
from airflow_wfstate.store.runs.linked_run import LinkedDagRun, linked_dag_runs
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.reference import read_reference

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag

_step, _attempt = schema.step, schema.attempt


def why_not_resume(connection: Connection, workflow_id: str) -> str | None:
    """Return why a resume would be refused, as its plan reports it; None when it would not be.

    Unless something is in doubt, the cost does not depend on the workflow's number of steps.

    :raises WorkflowNotFound: there is no workflow with this id.
    """
    from airflow.models.dagbag import DBDagBag

    workflow_id = check_exists(connection, workflow_id)
    # The session joins the connection's transaction and leaves it open.
    with Session(connection) as session:
        refusal = _refusal(session, DBDagBag(load_op_links=False), workflow_id)
    return None if refusal is None else f"{refusal.reason} {refusal.remedy}"


def _refusal(session: Session, dag_bag: DBDagBag, workflow_id: str) -> Refusal | None:
    connection = session.connection()
    runs = linked_dag_runs(session, workflow_id)
    refusal = refusal_of_state(connection, read_reference(connection, workflow_id), runs, is_restart=False)
    refusal = refusal or refusal_of_gone_owner(session, dag_bag, workflow_id, runs)
    if refusal is not None:
        return refusal
    existing = [run for run in runs if run.dag_run is not None]
    codes = RunCodes(session, dag_bag, asked=None)
    if _has_forgotten_dag(session, codes, existing) or _may_be_renamed(connection, workflow_id, codes, existing):
        return prepare_resume(session, dag_bag, ResumeWorkflow(workflow_id)).plan.refusal
    return None


def _has_forgotten_dag(session: Session, codes: RunCodes, runs: list[LinkedDagRun]) -> bool:
    """Whether Airflow no longer knows the DAG of a run. Only the plan can tell whether that run would be resumed."""
    if {run.dag_id for run in runs} - known_dag_ids(session, {run.dag_id for run in runs}):
        return True
    return any(run.dag_run is not None and codes.dag_of(run.dag_run) is None for run in runs)


def _may_be_renamed(connection: Connection, workflow_id: str, codes: RunCodes, runs: list[LinkedDagRun]) -> bool:
    """Whether a run's code has a new step while a step that may be done is no longer declared."""
    for run in runs:
        if run.dag_run is None:
            continue
        used = steps_of_dag(codes.dag_of(run.dag_run))
        before = steps_of_dag(codes.began_dag(run.dag_run))
        made = _task_ids(connection, run) if used.marks and not before.marks else set()
        if used.added_since(before, made) and _has_undeclared_step(connection, workflow_id, run.dag_id, used):
            return True
    return False


def _task_ids(connection: Connection, run: LinkedDagRun) -> set[str]:
    of_run = (task_instance.c.dag_id == run.dag_id, task_instance.c.run_id == run.run_id)
    return set(connection.scalars(select(task_instance.c.task_id).where(*of_run).distinct()))


def _has_undeclared_step(connection: Connection, workflow_id: str, dag_id: str, used: DagSteps) -> bool:
    """Whether a step is no longer declared. Each step counts once, however many items it has."""
    done = (
        select(_step.c.name, _attempt.c.task_id)
        .join(_attempt, (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt))
        .where(
            _step.c.workflow_id == workflow_id,
            _step.c.state.in_([state.value for state in MAY_BE_DONE]),
            _attempt.c.dag_id == dag_id,
        )
        .distinct()
    )
    return not all(used.declares(row.name, row.task_id) for row in connection.execute(done))
