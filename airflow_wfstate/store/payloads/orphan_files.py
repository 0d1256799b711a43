"""Payload files that no row refers to: from writes that were refused, repeated or replaced.

A file is written before its row and never used again for another one. So a file that is a day old and has no row will
never have one. It is removed once two checks in a row have found it so, by the database that the folder belongs to
(``owner.py``), and only if its workflow is in this database.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection, Engine, Select, or_, select, update

from airflow_wfstate import conf
from airflow_wfstate.exceptions import PayloadUnavailable
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.transaction import Unchanged, run_read, run_transaction
from airflow_wfstate.store.payloads.files import NAME, root
from airflow_wfstate.store.payloads.owner import (
    MARK,
    FolderMark,
    database_name,
    keep_new_token,
    read_mark,
    read_tokens,
    write_mark,
)
from airflow_wfstate.store.payloads.stored_payload import IN_FILE, file_name

log = logging.getLogger(__name__)

_AGE: Final = timedelta(days=1)
"""Age of files that are checked, and time between two checks."""

_BATCH: Final = 200
"""Workflows per query for rows."""

_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated")
"""Names under which file systems list when a file was written."""


class _FileSystem(Protocol):
    """The part of fsspec's ``AbstractFileSystem`` that we use, which has no annotations."""

    def find(self, path: str, *, detail: bool) -> dict[str, dict[str, Any]]: ...
    def modified(self, path: str) -> datetime: ...
    def rm_file(self, path: str) -> None: ...


def remove_orphan_files(engine: Engine) -> int:
    """Remove orphan files, once a day; return how many were removed.

    Zero when the last check was less than a day ago, when ``[wfstate] payload_path`` is empty, and when the folder
    belongs to another database. If the folder cannot be reached now, that is logged, and the next check is in a day.
    """
    if not conf.payload_path() or not run_transaction(engine, _is_due):
        return 0
    try:
        return _look(engine)
    except PayloadUnavailable as error:
        log.error("Payload files could not be checked: %s", error)
    except Exception:  # each file system raises its own errors
        log.exception("Payload files could not be checked.")
    return 0


def _is_due(connection: Connection) -> bool | Unchanged[bool]:
    sweep = schema.sweep
    now: datetime = connection.execute(select(database_now())).scalar_one()
    long_ago = or_(sweep.c.files_checked_at.is_(None), sweep.c.files_checked_at <= now - _AGE)
    taken = connection.execute(update(sweep).where(sweep.c.id == 1, long_ago).values(files_checked_at=now))
    return True if taken.rowcount == 1 else Unchanged(False)


def _look(engine: Engine) -> int:
    mark = read_mark()
    database, tokens = run_read(engine, lambda connection: (database_name(connection), read_tokens(connection)))
    if mark is not None and not mark.belongs_to(database, tokens):
        contested = mark if mark.contested_by else replace(mark, contested_by=database)
        write_mark(contested)
        log.error(
            "No file below [wfstate] payload_path is removed: according to the file %s in it, the folder belongs to "
            "database %s, but %s, or a copy of either, checks it too. Give each Airflow its own payload_path, or keep "
            "only one of the databases in use (if it was moved or restored). Then remove that file; the next check "
            "claims the folder.",
            MARK,
            mark.database,
            contested.contested_by,
        )
        return 0
    orphans = _find_orphans(engine)
    agreed = set() if mark is None else orphans.keys() & mark.orphans
    # Claim first, then remove: the next check must know about this one.
    token = keep_new_token(engine, tokens)
    write_mark(FolderMark(database, token, frozenset(orphans.keys() - agreed)))
    files = _files()
    for name in sorted(agreed):
        files.rm_file(orphans[name])
    return len(agreed)


def _files() -> _FileSystem:
    return cast("_FileSystem", root().fs)


def _find_orphans(engine: Engine) -> dict[str, str]:
    """Paths, by name, of the day-old files whose workflow is in this database and that no row refers to."""
    directory, files = root(), _files()
    below = len(directory.path.rstrip("/")) + 1
    by_workflow: dict[str, dict[str, str]] = defaultdict(dict)
    for path, about in files.find(directory.path, detail=True).items():
        match = NAME.fullmatch(path[below:])
        if match is not None and _is_old(files, path, about):
            by_workflow[match["workflow_id"]][path[below:]] = path
    orphans: dict[str, str] = {}
    workflow_ids = sorted(by_workflow)
    for start in range(0, len(workflow_ids), _BATCH):
        asked = workflow_ids[start : start + _BATCH]
        known, referred = run_read(engine, partial(_known_and_referred, workflow_ids=asked))
        for workflow_id in known:
            orphans.update((name, path) for name, path in by_workflow[workflow_id].items() if name not in referred)
    return orphans


def _is_old(files: _FileSystem, path: str, about: dict[str, Any]) -> bool:
    """Whether a file was written more than a day ago, according to its listing entry where that has a time."""
    found = next((about[name] for name in _TIMES if about.get(name) is not None), None)
    if isinstance(found, (int, float)):
        written_at = datetime.fromtimestamp(found, timezone.utc)
    elif isinstance(found, datetime):
        written_at = found
    else:
        written_at = files.modified(path)
    if written_at.tzinfo is None:
        written_at = written_at.replace(tzinfo=timezone.utc)
    return datetime.now(timezone.utc) - written_at > _AGE


def _known_and_referred(connection: Connection, workflow_ids: Sequence[str]) -> tuple[set[str], set[str]]:
    """Which of these workflows this database has, and the names of the files that their rows refer to."""
    workflow = schema.workflow
    known = set(connection.execute(select(workflow.c.id).where(workflow.c.id.in_(workflow_ids))).scalars())
    referred: set[str] = set()
    for statement in _columns_of(workflow_ids):
        referred.update(file_name(text) for text in connection.execute(statement).scalars())
    return known, referred


def _columns_of(workflow_ids: Sequence[str]) -> list[Select[Any]]:
    workflow, step, round_ = schema.workflow, schema.step, schema.round_
    of_steps = [(round_, round_.c.output), *((table, table.c.value) for table in (schema.checkpoint, schema.record))]
    return [
        *(
            select(column).where(workflow.c.id.in_(workflow_ids), column.startswith(IN_FILE))
            for column in (workflow.c.input, workflow.c.output)
        ),
        *(
            select(column)
            .join_from(table, step, step.c.id == table.c.step_id)
            .where(step.c.workflow_id.in_(workflow_ids), column.startswith(IN_FILE))
            for table, column in of_steps
        ),
    ]
