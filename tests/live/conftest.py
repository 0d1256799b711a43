"""A live Airflow on PostgreSQL, with the demo's DAGs and those of tests/live/dags."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow import sdk
from sqlalchemy import make_url

from demo import environment
from demo.folder import CHECKOUT
from demo.stage import Stage
from demo.standalone import LiveAirflow
from tests.live.outside import Outside
from tests.support import redis_server
from tests.support.postgres import PostgresServer, sqlalchemy_url

_PATIENCE = {
    # The five minutes after which Airflow gives up a silent worker are too long for a test.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    # Parsing every file each half minute took a fifth of the CPU of all tests. A changed file is parsed at once anyway.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    # The most items that tests/live/test_wide.py ever uses.
    "AIRFLOW__CORE__MAX_MAP_LENGTH": "10000",
    # Airflow may lose an event that arrives while a task is still being deferred. It also fails a task that runs again
    # before the executor has reported the end of its first process, which takes up to 6 seconds on a busy machine.
    "AIRFLOW__WFSTATE__BUSY_POLL_SECONDS": "8",
    "AIRFLOW__WFSTATE__CHILD_POLL_SECONDS": "8",
    "AIRFLOW__WFSTATE__STUCK_QUEUED_SECONDS": "5",
    "AIRFLOW__WFSTATE__STUCK_RUNNING_SECONDS": "10",
    # A turn that nobody takes is flagged after a tenth of this time, and its workflow is on hold after all of it.
    "AIRFLOW__WFSTATE__RELAY_PATIENCE_SECONDS": "300",
}

_OF_AIRFLOW_3_3 = ("cluster_job.py",)
"""Files that Airflow 3.2 cannot import."""

_RUNNING: list[LiveAirflow] = []
"""The live Airflow of this process while it is running."""


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Stop Airflow after the last live test, or it would take CPU from other tests until the end of the session."""
    if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
        while _RUNNING:
            _RUNNING.pop().stop()


@pytest.fixture(scope="session")
def warehouse_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A libpq URL of the database that the DAG load_airports loads into."""
    with postgres_server.database("warehouse") as url:
        yield url


@pytest.fixture(scope="session")
def dags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The DAG files that the live Airflow reads: copies, so that a test may change or delete one."""
    folder = tmp_path_factory.mktemp("live-dags")
    left_out = () if hasattr(sdk, "ResumableJobMixin") else _OF_AIRFLOW_3_3
    for source in (CHECKOUT / "dags", Path(__file__).with_name("dags")):
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", *left_out))
    return folder


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """What the tasks have done in the outside world."""
    return Outside(tmp_path_factory.mktemp("outside"))


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis server; an unused port if Redis is not installed."""
    if redis_server.PROGRAM is None:
        yield environment.free_port()
    else:
        with redis_server.running_redis(tmp_path_factory.mktemp("redis")) as port:
            yield port


@pytest.fixture(scope="session")
def live_airflow(
    postgres_server: PostgresServer,
    warehouse_url: str,
    dags_folder: Path,
    outside: Outside,
    redis_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveAirflow]:
    """A healthy scheduler, workers, triggerer and api-server on their own PostgreSQL database."""
    home, port = tmp_path_factory.mktemp("live"), environment.free_port()
    with postgres_server.database("live") as url:
        variables = {
            **environment.bare(home),
            **environment.on_port(port),
            **environment.on_free_log_ports(),
            **environment.small_and_quick(sqlalchemy_url(url), dags_folder, environment.new_jwt_secret()),
            **environment.connection("demo_warehouse", _connection_fields(warehouse_url)),
            **environment.connection("redis_default", {"conn_type": "redis", "host": "127.0.0.1", "port": redis_port}),
            **_PATIENCE,
            "WFSTATE_OUTSIDE": str(outside.folder),
        }
        with LiveAirflow(home, port, variables) as airflow:
            airflow.wait_until_healthy(timeout_seconds=240)
            _RUNNING.append(airflow)
            yield airflow


@pytest.fixture(scope="session")
def stage(live_airflow: LiveAirflow, warehouse_url: str, dags_folder: Path) -> Iterator[Stage]:
    """What the demo's scenarios work with."""
    client = live_airflow.client()
    stage = Stage(live_airflow, client, warehouse_url, look=lambda: None, label="acceptance")
    stage.wait_for_dags()
    files = {path.name for path in dags_folder.glob("*.py")}
    stage.wait_for("Airflow to parse every file", lambda: files <= client.dag_files())
    yield stage
    client.close()


def _connection_fields(libpq_url: str) -> dict[str, object]:
    url = make_url(libpq_url)
    return {
        "conn_type": "postgres",
        "host": url.host or url.query["host"],
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": url.database,
    }
