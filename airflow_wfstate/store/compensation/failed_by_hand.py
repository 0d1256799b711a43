"""Runs that someone marked as failed manually, found in Airflow's audit table ``log``.

Neither the run nor its tasks reveal the mark. Airflow skips the tasks that had not begun, lets the relay run, and then
judges the run by its leaves; as those were skipped, the run ends well. (See ``_set_dag_run_terminal_state`` in
airflow/api/common/mark_tasks.py.)
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Select, and_, exists, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.compensation.failure import fail_workflow
from airflow_wfstate.store.database import audit, schema
from airflow_wfstate.store.database.airflow_tables import audit_log, dag_run, task_instance
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.deciding_runs import deciding_runs

_workflow, _run, _journal = schema.workflow, schema.run, schema.journal

_BEGINS: Final = (EntryKind.WORKFLOW_STARTED, EntryKind.WORKFLOW_RESUMED, EntryKind.WORKFLOW_REOPENED)
"""Journal entries that make a workflow run: marks made before them no longer count."""

_ENDED_WELL_NOT_ALL_DONE: Final = and_(
    dag_run.c.state == "success",
    exists(
        select(task_instance.c.id).where(
            task_instance.c.dag_id == _run.c.dag_id,
            task_instance.c.run_id == _run.c.run_id,
            task_instance.c.state.in_(("failed", "skipped")),
        )
    ),
)
"""A mark leaves failed or skipped tasks. The audit entry alone is not enough: Airflow writes it before acting."""


def perhaps_marked_failed() -> Select[tuple[str]]:
    """Running workflows with a deciding run that ended well without all its tasks, and an audit entry to check."""
    found = (
        deciding_runs(_run.c.run_id)
        .join(audit_log, and_(audit.MENTIONED, audit_log.c.dttm >= _run.c.linked_at))
        .where(_ENDED_WELL_NOT_ALL_DONE)
    )
    return select(_workflow.c.id).where(_workflow.c.state == WorkflowState.RUNNING.value, exists(found))


def marked_as_failed(dag_id: str, run_id: str, person: str) -> str:
    """Why a workflow has failed when someone marked its run."""
    return f"Run {run_id} of DAG {dag_id} was marked as failed by {person}."


def fail_as_marked(connection: Connection, change: Change) -> None:
    """Fail a running workflow if the last manual action on one of its ended runs was to mark it failed."""
    if change.state is not WorkflowState.RUNNING:
        return
    began_at: datetime = connection.execute(
        select(_journal.c.at)
        .where(_journal.c.workflow_id == change.workflow_id, _journal.c.kind.in_([kind.value for kind in _BEGINS]))
        .order_by(_journal.c.number.desc())
        .limit(1)
    ).scalar_one()
    runs = connection.execute(
        deciding_runs(_run.c.dag_id, _run.c.run_id, _run.c.linked_at, of=change.workflow_id)
        .where(_ENDED_WELL_NOT_ALL_DONE)
        .order_by(dag_run.c.end_date, _run.c.dag_id, _run.c.run_id)
    ).all()
    for run in runs:
        since = max(began_at, run.linked_at)
        person = audit.who_marked_run(connection, run.dag_id, run.run_id, "failed", since)
        if person is not None:
            fail_workflow(
                connection, change, run.dag_id, run.run_id, reason=marked_as_failed(run.dag_id, run.run_id, person)
            )
            return
