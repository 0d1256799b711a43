"""Files of payloads to which no row refers: of writes that were refused, sent again or replaced.

A file is written before its row and never used again for another one, so a file that is a day old and without a row
stays without one. It is removed when two looks in a row have found it so, by the database that the folder belongs to
(``owner.py``), and only when its workflow is one of this database.
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
"""Of files that are looked at, and of the look before."""

_BATCH: Final = 200
"""Workflows whose rows are asked at once."""

_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated")
"""Under which names file systems tell in a listing when a file was written."""


class _FileSystem(Protocol):
    """What is used of fsspec's ``AbstractFileSystem``, which has no annotations."""

    def find(self, path: str, *, detail: bool) -> dict[str, dict[str, Any]]: ...
    def modified(self, path: str) -> datetime: ...
    def rm_file(self, path: str) -> None: ...


def remove_orphan_files(engine: Engine) -> int:
    """Remove them, once a day; how many were removed.

    Zero when the last look was less than a day ago, when there is no ``[wfstate] payload_path``, and when the folder
    belongs to another database. One that cannot be reached now is logged, and looked at in a day.
    """
    if not conf.payload_path() or not run_transaction(engine, _is_due):
        return 0
    try:
        return _look(engine)
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


def _look(engine: Engine) -> int:
    mark = read_mark()
    database, tokens = run_read(engine, lambda connection: (database_name(connection), read_tokens(connection)))
    if mark is not None and not mark.belongs_to(database, tokens):
        contested = mark if mark.contested_by else replace(mark, contested_by=database)
        write_mark(contested)
        log.error(
            "No file below [wfstate] payload_path is removed: by the file %s in it, the folder belongs to the database "
            "%s, and %s looks after it too, or a copy of either. Give each Airflow a payload_path of its own, or let "
            "only one database be in use (it was moved, or restored); then remove that file: the next look claims the "
            "folder.",
            MARK,
            mark.database,
            contested.contested_by,
        )
        return 0
    orphans = _find_orphans(engine)
    agreed = set() if mark is None else orphans.keys() & mark.orphans
    # First the claim, then the deed: who looks next has to know of this look.
    token = keep_new_token(engine, tokens)
    write_mark(FolderMark(database, token, frozenset(orphans.keys() - agreed)))
    files = _files()
    for name in sorted(agreed):
        files.rm_file(orphans[name])
    return len(agreed)


def _files() -> _FileSystem:
    return cast("_FileSystem", root().fs)


def _find_orphans(engine: Engine) -> dict[str, str]:
    """The names of the files that are a day old, of a workflow of this database, and without a row; their paths."""
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
    """Whether a file was written more than a day ago, by its entry in the listing where that tells it."""
    told = next((about[name] for name in _TIMES if about.get(name) is not None), None)
    if isinstance(told, (int, float)):
        written_at = datetime.fromtimestamp(told, timezone.utc)
    elif isinstance(told, datetime):
        written_at = told
    else:
        written_at = files.modified(path)
    if written_at.tzinfo is None:
        written_at = written_at.replace(tzinfo=timezone.utc)
    return datetime.now(timezone.utc) - written_at > _AGE


def _known_and_referred(connection: Connection, workflow_ids: Sequence[str]) -> tuple[set[str], set[str]]:
    """Which of these workflows this database has, and the names of the files to which their rows refer."""
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
