"""A run that a person has marked as failed, as Airflow's audit table ``log`` tells it.

Neither the run nor its tasks tell: Airflow skips what had not begun, lets the relay run, and then judges the run by its
leaves, which were skipped: it ends well. (``_set_dag_run_terminal_state`` in airflow/api/common/mark_tasks.py.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, or_, select

from airflow_wfstate.domain.journal import EntryKind
from airflow_wfstate.domain.states import WorkflowState
from airflow_wfstate.domain.workflow import RunRole
from airflow_wfstate.store import schema
from airflow_wfstate.store.airflow_tables import audit_log, dag_run, task_instance
from airflow_wfstate.store.change import Change
from airflow_wfstate.store.failure import fail_workflow

_workflow, _run, _journal = schema.workflow, schema.run, schema.journal

_PATCH: Final = "patch_dag_run"
_PATCH_MANY: Final = "bulk_dag_runs"
_CLEARS: Final = ("clear_dag_run", "post_clear_task_instances")
_BEGINS: Final = (EntryKind.WORKFLOW_STARTED, EntryKind.WORKFLOW_RESUMED, EntryKind.WORKFLOW_REOPENED)
"""What makes a workflow run: marks from before are of the past."""

_ENDED_WELL: Final = and_(
    dag_run.c.dag_id == _run.c.dag_id, dag_run.c.run_id == _run.c.run_id, dag_run.c.state == "success"
)
_DECIDES: Final = and_(_run.c.bound, _run.c.role.in_([RunRole.OWNER.value, RunRole.CHILD.value]))
_NOT_ALL_DONE: Final = exists(
    select(task_instance.c.id).where(
        task_instance.c.dag_id == _run.c.dag_id,
        task_instance.c.run_id == _run.c.run_id,
        task_instance.c.state.in_(("failed", "skipped")),
    )
)
"""A mark leaves a task that it has failed or skipped. The audit alone is not enough: it is written before the deed."""
_MENTIONED: Final = or_(
    and_(
        audit_log.c.event == _PATCH,
        audit_log.c.dag_id == _run.c.dag_id,
        audit_log.c.run_id == _run.c.run_id,
    ),
    audit_log.c.event == _PATCH_MANY,
)


def perhaps_failed_by_hand() -> Select[tuple[str]]:
    """Running workflows with a deciding run that ended well without all its tasks, and an audit entry to look at."""
    found = (
        select(_run.c.run_id)
        .join(dag_run, _ENDED_WELL)
        .join(audit_log, and_(_MENTIONED, audit_log.c.dttm >= _run.c.linked_at))
        .where(_run.c.workflow_id == _workflow.c.id, _DECIDES, _NOT_ALL_DONE)
    )
    return select(_workflow.c.id).where(_workflow.c.state == WorkflowState.RUNNING.value, exists(found))


def fail_as_marked(connection: Connection, change: Change) -> None:
    """Fail a running workflow when the last thing that a person did to one of its ended runs was to mark it failed."""
    if change.state is not WorkflowState.RUNNING:
        return
    began_at: datetime = connection.execute(
        select(_journal.c.at)
        .where(_journal.c.workflow_id == change.workflow_id, _journal.c.kind.in_([kind.value for kind in _BEGINS]))
        .order_by(_journal.c.number.desc())
        .limit(1)
    ).scalar_one()
    runs = connection.execute(
        select(_run.c.dag_id, _run.c.run_id, _run.c.linked_at)
        .join(dag_run, _ENDED_WELL)
        .where(_run.c.workflow_id == change.workflow_id, _DECIDES, _NOT_ALL_DONE)
        .order_by(dag_run.c.end_date, _run.c.dag_id, _run.c.run_id)
    ).all()
    for run in runs:
        person = _who_marked(connection, run.dag_id, run.run_id, max(began_at, run.linked_at))
        if person is not None:
            reason = f"Run {run.run_id} of DAG {run.dag_id} was marked as failed by {person}."
            fail_workflow(connection, change, run.dag_id, run.run_id, reason=reason)
            return


def _who_marked(connection: Connection, dag_id: str, run_id: str, since: datetime) -> str | None:
    """Who marked the run as failed; None when nobody did since then, or it was cleared or marked otherwise later."""
    entries = connection.execute(
        select(audit_log)
        .where(
            audit_log.c.dttm >= since,
            or_(
                and_(
                    audit_log.c.event.in_((_PATCH, *_CLEARS)),
                    audit_log.c.dag_id == dag_id,
                    audit_log.c.run_id == run_id,
                ),
                audit_log.c.event == _PATCH_MANY,
            ),
        )
        .order_by(audit_log.c.dttm.desc(), audit_log.c.id.desc())
    )
    for entry in entries:
        if entry.event in _CLEARS:
            return None
        asked = _asked(entry.extra)
        states = [asked.get("state")] if entry.event == _PATCH else list(_states_in_bulk(asked, entry, dag_id, run_id))
        named = [state for state in states if state is not None]
        if named:
            return str(entry.owner or "somebody") if named[-1] == "failed" else None
    return None


def _asked(extra: str | None) -> dict[str, Any]:
    """The body of the request, as Airflow keeps it; empty when it is no JSON object."""
    try:
        body = json.loads(extra or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _states_in_bulk(asked: dict[str, Any], entry: Any, dag_id: str, run_id: str) -> Iterator[object]:
    """The states that a bulk request asked for this run, in order."""
    actions = asked.get("actions")
    for action in actions if isinstance(actions, list) else []:
        entities = action.get("entities") if isinstance(action, dict) and action.get("action") == "update" else None
        for entity in entities if isinstance(entities, list) else []:
            named = isinstance(entity, dict) and (entity.get("dag_id") or entry.dag_id, entity.get("dag_run_id"))
            if named == (dag_id, run_id):
                yield entity.get("state")
