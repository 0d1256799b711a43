"""Which database the files below ``[wfstate] payload_path`` belong to.

A second Airflow with the same path, such as a staging system cloned from production with its configuration, must never
remove production's files. The file ``wfstate-owner.json`` in the folder names the database that owns it and holds a
token that changes with each check; the database keeps the last two. A clone only has old tokens, so it stops being the
owner with the first check of the other. One check alone cannot always tell them apart, but two can: a file is removed
only when two checks in a row, with no other database's check between them, found that nothing refers to it. Once a
second database has checked the folder, it is contested, and nothing is removed until a person decides.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, func, select, text, update

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import run_transaction
from airflow_wfstate.store.payloads.files import root

MARK: Final = "wfstate-owner.json"

_sweep: Final = schema.sweep


@dataclass(frozen=True)
class FolderMark:
    """What the owner's last check left in the folder.

    :param database: the owner.
    :param token: the token of that check.
    :param orphans: names of the files that nothing referred to.
    :param contested_by: another database that has checked the folder since; None when none has.
    """

    database: str
    token: str
    orphans: frozenset[str] = frozenset()
    contested_by: str | None = None

    def belongs_to(self, database: str, tokens: Collection[str]) -> bool:
        """Whether a database with these tokens is the owner."""
        return self.contested_by is None and self.database == database and self.token in tokens


def read_mark() -> FolderMark | None:
    """The mark in the folder; None when nothing has checked the folder yet.

    :raises ValueError: the file was not written by :func:`write_mark`.
    """
    path = root() / MARK
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="ascii"))
    try:
        return FolderMark(
            database=str(content["database"]),
            token=str(content["token"]),
            orphans=frozenset(content["orphans"]),
            contested_by=content["contested_by"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} does not name the owner of the folder") from error


def write_mark(mark: FolderMark) -> None:
    """Write the mark to the folder, replacing the earlier one."""
    content = {**vars(mark), "orphans": sorted(mark.orphans)}
    folder = root()
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{MARK}.new"
    new.write_text(json.dumps(content, indent=1), encoding="ascii")
    new.fs.mv(new.path, (folder / MARK).path)


def read_tokens(connection: Connection) -> list[str]:
    """The tokens of this database's last two checks; empty when it has made none yet."""
    stored: str | None = connection.execute(select(_sweep.c.files_token)).scalar_one_or_none()
    return [] if stored is None else stored.split()


def keep_new_token(engine: Engine, before: list[str]) -> str:
    """Create and store the token of a check that is about to end, next to the previous one, and return it.

    It is stored before it is written to the folder: whichever token the folder has when the process dies, the owner
    knows it.

    :param before: the tokens so far.
    """
    token = secrets.token_hex(16)
    kept = " ".join([token, *before[:1]])
    run_transaction(engine, lambda connection: connection.execute(update(_sweep).values(files_token=kept)).rowcount)
    return token


def database_name(connection: Connection) -> str:
    """What tells this database from one restored from its dump: the file, or the cluster, id and name."""
    if connection.dialect.name != "postgresql":
        return f"sqlite:{connection.engine.url.database}"
    may_ask = connection.execute(select(func.has_function_privilege("pg_control_system()", "EXECUTE"))).scalar_one()
    cluster = text("SELECT system_identifier FROM pg_control_system()")
    of_cluster = connection.execute(cluster).scalar_one() if may_ask else "unknown"
    named = text("SELECT oid, datname FROM pg_database WHERE datname = current_database()")
    row = connection.execute(named).one()
    return f"postgresql:{of_cluster}:{row.oid}:{row.datname}"
