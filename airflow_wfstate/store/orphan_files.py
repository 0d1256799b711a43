"""Files of payloads to which no row refers: of writes that were refused, sent again or replaced.

A file is written before its row and never used again for another one, so a file that is a day old and without a row
stays without one.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection, Engine, Select, or_, select, update

from airflow_wfstate import conf
from airflow_wfstate.exceptions import PayloadUnavailable
from airflow_wfstate.store import schema
from airflow_wfstate.store.clock import database_now
from airflow_wfstate.store.payload_file import NAME, root
from airflow_wfstate.store.stored_payload import IN_FILE, file_name
from airflow_wfstate.store.transaction import Unchanged, run_read, run_transaction

log = logging.getLogger(__name__)

_AGE: Final = timedelta(days=1)
"""Of files that are looked at, and of the look before."""


class _FileSystem(Protocol):
    """What is used of fsspec's ``AbstractFileSystem``, which has no annotations."""

    def find(self, path: str) -> list[str]: ...
    def modified(self, path: str) -> datetime: ...
    def rm_file(self, path: str) -> None: ...


def remove_orphan_files(engine: Engine) -> int:
    """Remove them, once a day; how many were removed.

    Zero when the last look was less than a day ago, and when there is no ``[wfstate] payload_path``. One that cannot
    be reached now is logged, and looked at in a day.
    """
    if not conf.payload_path() or not run_transaction(engine, _is_due):
        return 0
    try:
        return _remove(engine)
    except PayloadUnavailable as error:
        log.error("Files of payloads cannot be looked after: %s", error)
    except Exception:  # each file system raises errors of its own
        log.exception("Files of payloads cannot be looked after.")
    return 0


def _is_due(connection: Connection) -> bool | Unchanged[bool]:
    sweep = schema.sweep
    now: datetime = connection.execute(select(database_now())).scalar_one()
    long_ago = or_(sweep.c.files_checked_at.is_(None), sweep.c.files_checked_at <= now - _AGE)
    taken = connection.execute(update(sweep).where(sweep.c.id == 1, long_ago).values(files_checked_at=now))
    return True if taken.rowcount == 1 else Unchanged(False)


def _remove(engine: Engine) -> int:
    directory = root()
    files = cast("_FileSystem", directory.fs)
    below = len(directory.path.rstrip("/")) + 1
    by_workflow: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files.find(directory.path)):
        match = NAME.fullmatch(path[below:])
        if match is not None:
            by_workflow[match["workflow_id"]].append(path)
    removed = 0
    for workflow_id, paths in by_workflow.items():
        old = [path for path in paths if datetime.now(timezone.utc) - files.modified(path) > _AGE]
        if not old:
            continue
        referred = run_read(engine, partial(_files_of, workflow_id=workflow_id))
        for path in old:
            if path[below:] not in referred:
                files.rm_file(path)
                removed += 1
    return removed


def _files_of(connection: Connection, workflow_id: str) -> set[str]:
    """The names of the files to which a row of the workflow refers."""
    found: set[str] = set()
    for statement in _columns_of(workflow_id):
        found.update(file_name(text) for text in connection.execute(statement).scalars())
    return found


def _columns_of(workflow_id: str) -> list[Select[Any]]:
    workflow, step, round_ = schema.workflow, schema.step, schema.round_
    of_steps = [(round_, round_.c.output), *((table, table.c.value) for table in (schema.checkpoint, schema.record))]
    return [
        *(
            select(column).where(workflow.c.id == workflow_id, column.startswith(IN_FILE))
            for column in (workflow.c.input, workflow.c.output)
        ),
        *(
            select(column)
            .join_from(table, step, step.c.id == table.c.step_id)
            .where(step.c.workflow_id == workflow_id, column.startswith(IN_FILE))
            for table, column in of_steps
        ),
    ]
