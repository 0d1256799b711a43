"""The server's own tables: answers to requests that may be repeated, the sweep, and leases."""

from __future__ import annotations

from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from airflow_wfstate.store.database.columns import SHA256, STATE, metadata, name

request: Final = Table(
    "wfstate_request",
    metadata,
    Column("idempotency_key", String(500), nullable=False),
    Column("body_sha256", SHA256, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("idempotency_key", name="wfstate_request_pkey"),
    Index("wfstate_request_created", "created_at"),
)

sweep: Final = Table(
    "wfstate_sweep",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=False),
    Column("finished_at", UtcDateTime, comment="of the last complete pass"),
    Column("files_checked_at", UtcDateTime, comment="when files without a row were last looked for"),
    Column("files_token", String(65), comment="of that look and the one before: the folder keeps one, a clone another"),
    PrimaryKeyConstraint("id", name="wfstate_sweep_pkey"),
    CheckConstraint("id = 1", name="wfstate_sweep_single_check"),
)

lease: Final = Table(
    "wfstate_lease",
    metadata,
    Column("name", STATE, nullable=False, comment="what only one process does at a time"),
    Column("owner", name(), nullable=False, comment="the process that does it, or did it last"),
    Column("leased_until", UtcDateTime, nullable=False, comment="nobody else does it before"),
    PrimaryKeyConstraint("name", name="wfstate_lease_pkey"),
)
