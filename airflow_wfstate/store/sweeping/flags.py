"""The flags: why open workflows make no progress, or need a person.

Only the sweep sets the flags that do not follow from the workflow's row. They change no state and are not journaled. A
pass queries each cause again, in batches, sets the flags it finds and removes those that no longer apply. A change of
the workflow's state hides earlier flags.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, exists, not_, select, update

from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.text.names import storable_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.identity import BEFORE_ALL_IDS
from airflow_wfstate.store.database.lease import Lease
from airflow_wfstate.store.database.transaction import Unchanged, run_transaction
from airflow_wfstate.store.reading.lists.flag_conditions import is_shown
from airflow_wfstate.store.sweeping import late_services, stuck_tasks, stuck_workflows
from airflow_wfstate.store.sweeping.flag_cause import FlagCause, FoundRow

_CAUSES: Final = (*stuck_workflows.CAUSES, *stuck_tasks.CAUSES, *late_services.CAUSES)
_BATCH: Final = 500
_flag: Final = schema.flag


def refresh_flags(engine: Engine, lease: Lease) -> int:
    """Query every cause and update the flags; return how many were set, changed or removed.

    :raises LeaseLost: the lease of the pass could not be renewed.
    """
    changed = run_transaction(engine, _remove_outdated)
    for cause in _CAUSES:
        after: str | None = BEFORE_ALL_IDS
        while after is not None:
            lease.check()
            after, count = run_transaction(engine, partial(_refresh_batch, cause, after))
            changed += count
    return changed


def _remove_outdated(connection: Connection) -> int | Unchanged[int]:
    """Remove the flags of workflows whose state has changed since."""
    of_workflow = schema.workflow.c.id == _flag.c.workflow_id
    shown = exists(select(schema.workflow.c.id).where(of_workflow, is_shown()).correlate(_flag))
    removed = connection.execute(delete(_flag).where(not_(shown))).rowcount
    return removed or Unchanged(0)


def _refresh_batch(
    cause: FlagCause, after: str, connection: Connection
) -> tuple[str | None, int] | Unchanged[tuple[str | None, int]]:
    """Handle the next workflows after ``after``; return the last of them (None at the end) and how many changed."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    question = cause.question(now).where(schema.workflow.c.id > after).order_by(schema.workflow.c.id).limit(_BATCH)
    rows = connection.execute(question).all()
    last = _last_complete(rows)
    found: dict[str, Flag] = {}
    for row in rows:
        if row.workflow_id not in found and (last is None or row.workflow_id <= last):
            flag = cause.flag(connection, row, now)
            if flag is not None:
                found[row.workflow_id] = flag
    changed = _store(connection, cause.kind, after, last, found, now)
    return (last, changed) if changed else Unchanged((last, 0))


def _last_complete(rows: Sequence[FoundRow]) -> str | None:
    """The last workflow with all its rows in the batch; None when no more rows follow."""
    if len(rows) < _BATCH:
        return None
    ids = [row.workflow_id for row in rows]
    complete = [workflow_id for workflow_id in ids if workflow_id != ids[-1]]
    return str(complete[-1] if complete else ids[-1])


def _store(
    connection: Connection, kind: FlagKind, after: str, last: str | None, found: dict[str, Flag], now: datetime
) -> int:
    stored = _stored(connection, kind, after, last)
    gone = [workflow_id for workflow_id in stored if workflow_id not in found]
    if gone:
        connection.execute(delete(_flag).where(_flag.c.kind == kind.value, _flag.c.workflow_id.in_(gone)))
    changed = len(gone)
    for workflow_id, flag in found.items():
        values = {
            "cause": storable_text(flag.cause),
            "since": flag.since,
            "owner": flag.owner,
            "command": flag.command,
        }
        row = stored.get(workflow_id)
        if row is None:
            # One that was set concurrently is as good as this one.
            new = {"workflow_id": workflow_id, "kind": kind.value, "found_at": now, **values}
            connection.execute(conflict_insert(connection.dialect.name, _flag).values(new).on_conflict_do_nothing())
        elif any(getattr(row, name) != value for name, value in values.items()):
            same = (_flag.c.workflow_id == workflow_id, _flag.c.kind == kind.value)
            connection.execute(update(_flag).where(*same).values(**values))
        else:
            continue
        changed += 1
    return changed


def _stored(connection: Connection, kind: FlagKind, after: str, last: str | None) -> dict[str, Row[Any]]:
    """The set flags of a kind, by workflow id: after ``after``, and up to ``last`` unless that is None."""
    within = [_flag.c.kind == kind.value, _flag.c.workflow_id > after]
    if last is not None:
        within.append(_flag.c.workflow_id <= last)
    return {row.workflow_id: row for row in connection.execute(select(_flag).where(*within))}
