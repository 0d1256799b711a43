"""Whether the server can find a text anywhere by an index is asked of the database, not tried out."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, text

from airflow_wfstate.store.database.search_indexes import TRIGRAM_NAMES
from airflow_wfstate.store.sweeping.health import read_health


def _finds_by_index(connection: Connection) -> bool:
    return read_health(connection).finds_text_by_index


def test_only_all_three_indexes_count(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        with engine.connect() as connection:
            assert not _finds_by_index(connection)
        pytest.skip("SQLite has none to be looked for")
    with engine.connect() as connection, connection.begin() as transaction:
        # The embedded server has no pg_trgm; any index of these names will do.
        for name in TRIGRAM_NAMES:
            connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
        assert not _finds_by_index(connection)
        for name in sorted(TRIGRAM_NAMES):
            assert not _finds_by_index(connection)
            connection.execute(text(f"CREATE INDEX {name} ON wfstate_label (value)"))
        assert _finds_by_index(connection)
        transaction.rollback()
