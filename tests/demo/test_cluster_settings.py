"""What the parts of a production Airflow receive, and what its workers must not see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demo.cluster import pgbouncer, proxy, settings
from demo.cluster.layout import API_SERVERS, WORKERS, Layout, Ports
from demo.programs import ProgramMissing, find_program
from tests.support.cluster_settings import SHARED

KEPT_FROM_WORKERS = ("database-password", "the-jwt-secret", "the-fernet-key")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "home", tmp_path / "logs", tmp_path / "dags", Ports.free(), {})


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_given_no_database_and_no_signing_secret(layout: Layout, name: str) -> None:
    given = layout.worker(SHARED, name)
    assert [secret for secret in KEPT_FROM_WORKERS if any(secret in value for value in given.values())] == []
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in given
    assert json.loads(given["AIRFLOW_CONN_WFSTATE_DEFAULT"])["host"] == SHARED.proxy


def test_a_worker_inherits_nothing_of_airflow(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "of the person who runs it")
    assert "AIRFLOW__API_AUTH__JWT_SECRET" not in layout.worker(SHARED, WORKERS[0])


def test_what_servers_and_workers_must_agree_upon_is_the_same(layout: Layout) -> None:
    parts = [layout.server(SHARED), layout.triggerer(SHARED), *(layout.worker(SHARED, name) for name in WORKERS)]
    for name in settings.common(SHARED):
        assert len({part[name] for part in parts}) == 1, name


def test_the_workers_of_one_machine_have_a_home_and_a_port_for_logs_each(layout: Layout) -> None:
    workers = [layout.worker(SHARED, name) for name in WORKERS]
    for name in ("AIRFLOW_HOME", "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"):
        assert len({worker[name] for worker in workers}) == len(WORKERS)


def test_no_two_parts_have_the_same_port() -> None:
    ports = Ports.free()
    every = [ports.proxy, ports.proxy_control, ports.redis, ports.pgbouncer, ports.trigger_log]
    every += [*ports.api_servers.values(), *ports.worker_logs.values()]
    assert len(set(every)) == len(every)


def test_pgbouncer_is_told_of_prepared_statements_where_its_version_knows_them() -> None:
    def written(prepared_statements: int | None) -> str:
        return pgbouncer.configuration(
            listen="127.0.0.1",
            port=6432,
            database_host="postgres",
            users_file="users.txt",
            prepared_statements=prepared_statements,
        )

    assert "pool_mode = transaction\n" in written(None)
    assert "max_prepared_statements" not in written(None)
    assert "max_prepared_statements = 0\n" in written(0)
    assert "max_prepared_statements = 200\n" in written(200)


def test_the_proxy_knows_every_api_server() -> None:
    written = proxy.configuration(bind=":8080", servers={name: f"{name}:8080" for name in API_SERVERS})
    assert [line.strip() for line in written.splitlines() if line.strip().startswith("server ")] == [
        f"server {name} {name}:8080" for name in API_SERVERS
    ]


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(ProgramMissing, match=r"no-such-program is not installed.*apt-get install its-package"):
        find_program("no-such-program", "its-package")


def test_other_addresses_change_nothing_that_is_kept_from_workers() -> None:
    given = settings.worker(replace(SHARED, proxy="http://elsewhere"))
    assert set(given) & set(settings.server_only(SHARED)) == set()
