"""What users did to runs and tasks manually, according to Airflow's audit table ``log``.

Its events have the names of the functions behind Airflow's routes. An entry is written before the action, even if the
action then fails. And not every action has its own entry: what was marked together with another task names only
that task, and a mark of many tasks at once (``bulk_task_instances``) leaves no entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import audit_log

_run: Final = schema.run

_PATCH: Final = "patch_dag_run"
_PATCH_MANY: Final = "bulk_dag_runs"
_PATCH_TASK: Final = "patch_task_instance"
_PATCH_GROUP: Final = "patch_task_group_instances"
_CLEARS: Final = ("clear_dag_run", "post_clear_task_instances")
_OTHERS_TOO: Final = ("include_upstream", "include_downstream", "include_future", "include_past")

SOMEBODY: Final = "somebody"
"""Used where the audit table names nobody."""

MENTIONED: Final = or_(
    and_(
        audit_log.c.event == _PATCH,
        audit_log.c.dag_id == _run.c.dag_id,
        audit_log.c.run_id == _run.c.run_id,
    ),
    audit_log.c.event == _PATCH_MANY,
)
"""An entry is about the state of a linked run, or may be."""


def is_readable(connection: Connection) -> bool:
    """Whether the database role may read the table, which a worker's role need not."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(select(func.has_table_privilege(audit_log.name, "SELECT"))).scalar_one())


def who_marked_run(connection: Connection, dag_id: str, run_id: str, state: str, since: datetime | None) -> str | None:
    """Return who manually gave the run this state; None if nobody did since, or it was cleared or marked again later.

    :param state: ``success`` or ``failed``.
    """
    for entry in _entries(connection, dag_id, run_id, (_PATCH, *_CLEARS), since):
        if entry.event in _CLEARS:
            return None
        named = [state for state in _states_of_run(entry, dag_id, run_id) if state is not None]
        if named:
            return str(entry.owner or SOMEBODY) if named[-1] == state else None
    return None


def who_marked_task(
    connection: Connection,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int,
    states: Iterable[str],
    since: datetime | None,
) -> str | None:
    """Return who last gave the task instance one of these states manually; None if no entry since then says so."""
    wanted = set(states)
    for entry in _entries(connection, dag_id, run_id, (_PATCH, _PATCH_TASK, _PATCH_GROUP), since):
        asked = _asked(entry.extra)
        if entry.event in (_PATCH, _PATCH_MANY):
            named = [state for state in _states_of_run(entry, dag_id, run_id) if state is not None]
            state: object = named[-1] if named else None
        elif entry.event == _PATCH_GROUP or entry.task_id == task_id or any(asked.get(name) for name in _OTHERS_TOO):
            is_of_other_item = entry.task_id == task_id and str(asked.get("map_index", map_index)) != str(map_index)
            state = None if is_of_other_item else asked.get("new_state")
        else:
            state = None
        if state in wanted:
            return str(entry.owner or SOMEBODY)
    return None


def _entries(
    connection: Connection, dag_id: str, run_id: str, events: tuple[str, ...], since: datetime | None
) -> Iterable[Row[Any]]:
    """The matching entries, newest first."""
    about: ColumnElement[bool] = or_(
        and_(audit_log.c.event.in_(events), audit_log.c.dag_id == dag_id, audit_log.c.run_id == run_id),
        audit_log.c.event == _PATCH_MANY,
    )
    found = select(audit_log).where(about).order_by(audit_log.c.dttm.desc(), audit_log.c.id.desc())
    return connection.execute(found if since is None else found.where(audit_log.c.dttm >= since))


def _asked(extra: str | None) -> dict[str, Any]:
    """The body of the request, as Airflow recorded it; empty when it is not a JSON object."""
    try:
        body = json.loads(extra or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _states_of_run(entry: Row[Any], dag_id: str, run_id: str) -> Iterator[object]:
    """The states that a request set for this run, in order."""
    asked = _asked(entry.extra)
    if entry.event == _PATCH:
        yield asked.get("state")
        return
    actions = asked.get("actions")
    for action in actions if isinstance(actions, list) else []:
        entities = action.get("entities") if isinstance(action, dict) and action.get("action") == "update" else None
        for entity in entities if isinstance(entities, list) else []:
            named = isinstance(entity, dict) and (entity.get("dag_id") or entry.dag_id, entity.get("dag_run_id"))
            if named == (dag_id, run_id):
                yield entity.get("state")
