"""Indexes that only PostgreSQL has: for durations, for substrings, and for the stream of journal entries.

Substrings are found with trigram indexes, which need PostgreSQL's own extension ``pg_trgm``. If it is not installed, or
the role may not create it, those indexes are left out. Searches then still work, by reading the table.

They are not declared in the tables, because Alembic would report the trigram indexes as missing on a server without the
extension.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, Connection, event, text

from airflow_wfstate.store.database.columns import metadata

TRIGRAM_NAMES: Final = frozenset(
    ("wfstate_workflow_key_trigrams", "wfstate_workflow_error_trigrams", "wfstate_label_value_trigrams")
)
NAMES: Final = TRIGRAM_NAMES | {"wfstate_workflow_worked", "wfstate_journal_stream"}

CREATE_WORKED: Final = """
CREATE INDEX wfstate_workflow_worked ON wfstate_workflow ((forward_ended_at - started_at), id)
 WHERE forward_ended_at IS NOT NULL
"""

CREATE_STREAM: Final = """
CREATE INDEX wfstate_journal_stream ON wfstate_journal USING brin (transaction_id)
  WITH (pages_per_range = 32, autosummarize = on)
"""
"""One entry per 32 pages (some 1,000 rows) instead of one per row, so that a step's writes update no further index."""

CREATE_TRIGRAMS: Final = """
DO $do$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX wfstate_workflow_key_trigrams ON wfstate_workflow USING gin (key gin_trgm_ops);
    CREATE INDEX wfstate_workflow_error_trigrams ON wfstate_workflow USING gin (error gin_trgm_ops)
     WHERE error IS NOT NULL;
    CREATE INDEX wfstate_label_value_trigrams ON wfstate_label USING gin (value gin_trgm_ops);
EXCEPTION
    -- May not be created; not installed; its operators are in a schema that is not searched.
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'wfstate: no index of trigrams: %', SQLERRM;
END
$do$
"""
"""A block that fails is rolled back as to a savepoint."""


def has_trigram_indexes(connection: Connection) -> bool:
    """Whether substrings of keys, labels and errors are found by index; never on SQLite."""
    if connection.dialect.name != "postgresql":
        return False
    names = sorted(TRIGRAM_NAMES)
    # to_regclass searches where tables are searched; an index whose build did not finish is not used.
    found = text(
        "SELECT count(*) FROM pg_index WHERE indisvalid "
        "AND indexrelid IN (SELECT to_regclass(unnest(CAST(:names AS text[]))))"
    )
    return bool(connection.execute(found, {"names": names}).scalar_one() == len(names))


def _statement(sql: str) -> DDL:
    return DDL(sql.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there


for _create in (CREATE_WORKED, CREATE_STREAM, CREATE_TRIGRAMS):
    event.listen(metadata, "after_create", _statement(_create).execute_if(dialect="postgresql"))
