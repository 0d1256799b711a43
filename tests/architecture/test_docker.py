"""The compose file can be read; there is no engine here to run it."""

from __future__ import annotations

import yaml

from tests.conftest import CHECKOUT


def test_the_compose_file_names_every_part_of_airflow() -> None:
    compose = yaml.safe_load((CHECKOUT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
    parts = {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "postgres", "redis", "migrate"}
    assert set(compose["services"]) == parts


def test_servers_and_workers_sign_requests_for_logs_with_the_same_key() -> None:
    services = yaml.safe_load((CHECKOUT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    parts = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
    assert len({services[part]["environment"]["AIRFLOW__API__SECRET_KEY"] for part in parts}) == 1


def test_the_worker_is_given_neither_the_database_nor_the_secret() -> None:
    compose = yaml.safe_load((CHECKOUT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
    given = compose["services"]["worker"]["environment"]
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in given
    assert "AIRFLOW__API_AUTH__JWT_SECRET" not in given
    assert '"conn_type": "wfstate"' in given["AIRFLOW_CONN_WFSTATE_DEFAULT"]
