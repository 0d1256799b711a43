"""The files in docker/ have the configuration that `make cluster` runs. There is no engine here to run them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.cluster import deployment, settings
from demo.cluster.layout import API_SERVERS
from demo.programs import ProgramMissing, find_program
from tests.support.cluster_settings import SHARED

SERVERS = (*API_SERVERS, "scheduler", "dag-processor", "triggerer")


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load(deployment.COMPOSE.read_text(encoding="utf-8"))["services"]


@pytest.fixture
def values() -> Any:
    return yaml.safe_load(deployment.VALUES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", deployment.WRITTEN, ids=lambda path: path.name)
def test_the_files_are_written_from_the_settings_of_the_cluster(path: Path) -> None:
    again = "Write them anew: python -m demo.cluster.deployment"
    assert path.read_text(encoding="utf-8") == deployment.WRITTEN[path](), again


def test_the_compose_file_names_every_part_of_airflow(compose: Any) -> None:
    assert set(compose) == {*SERVERS, "worker", "proxy", "postgres", "pgbouncer", "redis", "migrate"}


def test_servers_and_workers_are_given_the_same_of_what_they_must_agree_upon(compose: Any) -> None:
    given = [compose[part]["environment"] for part in (*SERVERS, "worker")]
    shared = settings.common(SHARED)
    assert {name for name in shared if len({part[name] for part in given}) != 1} == set()


def test_the_worker_is_given_neither_the_database_nor_a_secret_of_the_servers(compose: Any) -> None:
    given = compose["worker"]["environment"]
    assert set(given) & set(settings.server_only(SHARED)) == set()
    assert not any("JWT_SECRET" in value or "POSTGRES_PASSWORD" in value for value in given.values())
    assert '"conn_type": "wfstate"' in given["AIRFLOW_CONN_WFSTATE_DEFAULT"]


def test_haproxy_takes_the_configuration_of_the_compose_file(tmp_path: Path) -> None:
    try:
        program = find_program("haproxy", "haproxy")
    except ProgramMissing as error:
        pytest.skip(str(error))
    file = tmp_path / "haproxy.cfg"
    file.write_text(yaml.safe_load(deployment.COMPOSE.read_text(encoding="utf-8"))["configs"]["proxy"]["content"])
    checked = subprocess.run([program, "-c", "-f", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_on_kubernetes_the_worker_is_given_neither(values: Any) -> None:
    kept = {name for name in settings.server_only(SHARED) if "SIMPLE_AUTH" not in name}
    for part in ("apiServer", "scheduler", "dagProcessor", "triggerer", "migrateDatabaseJob"):
        assert kept <= _names(values[part]["env"]), part
    for_all = yaml.safe_load(values["extraEnv"])
    assert (_names(values["workers"]["env"]) | _names(for_all)) & kept == set()
    # What the chart would put into every container.
    built_in = values["enableBuiltInSecretEnvVars"]
    assert {name: built_in.get(name) for name in kept if name != "AIRFLOW__API__WORKERS"} == dict.fromkeys(
        kept - {"AIRFLOW__API__WORKERS"}, False
    )
    assert values["workers"]["waitForMigrations"] == {"enabled": False}


def test_on_kubernetes_servers_and_workers_are_given_what_they_must_agree_upon(values: Any) -> None:
    # The chart sets the executor itself.
    assert _names(yaml.safe_load(values["extraEnv"])) == set(settings.common(SHARED)) - {"AIRFLOW__CORE__EXECUTOR"}


def _names(env: list[dict[str, Any]]) -> set[str]:
    return {entry["name"] for entry in env}
