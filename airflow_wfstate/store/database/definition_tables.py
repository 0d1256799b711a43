"""The tables of definitions: what is declared about workflow names, and which versions were applied."""

from __future__ import annotations

from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.store.database.columns import SHA256, STATE, metadata, name, one_of

definition: Final = Table(
    "wfstate_definition",
    metadata,
    Column("name", name(), nullable=False),
    Column("sha256", SHA256, nullable=False, comment="of the content: the definition's version"),
    Column("content", Text, nullable=False, comment="canonical JSON: plan, participants, policy, deadline"),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("name", "sha256", name="wfstate_definition_pkey"),
)
"""Every content that a workflow of the name had, or that was applied; rows never change."""

applied_definition: Final = Table(
    "wfstate_applied_definition",
    metadata,
    Column("name", name(), nullable=False),
    Column("number", Integer, nullable=False, comment="of the version; the greatest of a name is in force"),
    Column("sha256", SHA256, nullable=False),
    Column("applied_by", String(1000), nullable=False, comment="who: as the journal names actors"),
    Column("way", STATE, nullable=False),
    Column("applied_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("name", "number", name="wfstate_applied_definition_pkey"),
    ForeignKeyConstraint(
        ["name", "sha256"],
        ["wfstate_definition.name", "wfstate_definition.sha256"],
        name="wfstate_applied_definition_content_fkey",
    ),
    CheckConstraint("number >= 1", name="wfstate_applied_definition_number_check"),
    *one_of("way", Way, "wfstate_applied_definition_way_check"),
)
"""The applied versions, in order: the history of a name. Rows are only added."""
