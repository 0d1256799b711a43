"""The embedded PostgreSQL: databases with their own roles, and an end that leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from demo.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("embedded") / "postgres")
    yield server
    server.stop()


def test_only_its_role_is_let_into_a_database(server: EmbeddedPostgres) -> None:
    server.start()
    for name in ("airflow", "warehouse"):
        server.create_database(name)
        server.give_database(name, name)
    psycopg.connect(server.url("airflow", role="airflow")).close()
    with pytest.raises(psycopg.OperationalError, match='permission denied for database "airflow"'):
        psycopg.connect(server.url("airflow", role="warehouse"))


def test_a_crash_that_was_interrupted_leaves_no_server_behind(server: EmbeddedPostgres) -> None:
    server.start()
    embedded = server._server
    assert embedded is not None
    before = embedded._postmaster_info
    server.crash()
    embedded._postmaster_info = before  # it was interrupted before it found the new process
    server.stop()
    assert not (server.folder / "postmaster.pid").exists()
