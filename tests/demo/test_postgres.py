"""The embedded PostgreSQL: databases with their own roles, and an end that leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from demo.postgres import EmbeddedPostgres
from tests.conftest import CHECKOUT


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


def test_who_joins_and_leaves_does_not_stop_it_below_the_others(server: EmbeddedPostgres) -> None:
    server.start()
    (before,) = [process.pid for process in server.processes()[:1]]
    visits = (
        "import sys; from pathlib import Path; from demo.postgres import EmbeddedPostgres\n"
        "for _ in range(12):\n    with EmbeddedPostgres(Path(sys.argv[1])): pass"
    )
    visitors = [subprocess.Popen([sys.executable, "-c", visits, str(server.folder)], cwd=CHECKOUT) for _ in range(4)]

    assert [visitor.wait(120) for visitor in visitors] == [0] * 4
    assert server.processes()[0].pid == before
    assert server._server is not None
    assert os.getpid() in server._server.global_process_id_list.get_and_remove(-1)
