"""A sample of ``make cluster`` and ``make cluster-chaos``: the ends, the stories, and a minute of faults."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.folder import CHECKOUT
from demo.processes import airflow_processes_in
from demo.stage import Stage
from demo.story import SCENARIOS
from tests.cluster.chaos import Place, chaos
from tests.cluster.report import report

SECONDS = 60
SEED = 20261126


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with (tmp_path / "output").open("w") as output:
        command = subprocess.Popen(
            [sys.executable, "-m", "demo.cluster", str(folder)],
            cwd=CHECKOUT,
            env={**os.environ, "CLUSTER_EXIT": "1"},
            stdout=output,
            stderr=output,
        )
        deadline = time.monotonic() + 60
        while len(airflow_processes_in(folder)) < 4 and time.monotonic() < deadline:  # with airflow db migrate
            time.sleep(0.2)
        command.send_signal(number)
        assert command.wait(60) == 128 + number, (tmp_path / "output").read_text()

    assert airflow_processes_in(folder) == []
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_task_finds_neither_the_database_nor_a_secret_of_the_servers(stage: Stage, where: Place) -> None:
    stage.client.trigger("surroundings", "1", {})
    stage.wait_for_run("surroundings", "1", "success")
    given = stage.client.xcom("surroundings", "1", "environment")
    assert isinstance(given, dict)

    settings = json.loads((where.home.folder / "settings.json").read_text())
    kept = [settings["roles"]["airflow"], settings["secrets"]["jwt_secret"], settings["secrets"]["fernet_key"]]
    assert [name for name, value in given.items() if any(secret in value for secret in kept)] == []
    named = {name: value for name, value in given.items() if "SQL_ALCHEMY" in name or "JWT" in name or "FERNET" in name}
    assert set(named.values()) <= {"airflow-db-not-allowed:///"}  # the value that Airflow itself gives to tasks

    reached = stage.client.xcom("surroundings", "1", "login_to_metadata")
    assert isinstance(reached, dict)
    assert reached["warehouse"] == "reached"
    assert "permission denied for database" in reached["airflow"]


@pytest.mark.parametrize("scenario", [play for _, play in SCENARIOS], ids=[play.__name__ for _, play in SCENARIOS])
def test_the_stories_hold_on_the_cluster(stage: Stage, scenario) -> None:
    assert scenario(stage)


def test_the_command_of_the_folder_reaches_what_the_cluster_did(stage: Stage, where: Place) -> None:
    said = subprocess.run(
        [where.home.command, "wfstate", "show", f"order/{stage.label}-good"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "succeeded" in said.stdout


def test_nothing_is_lost_or_doubled_while_parts_are_killed(stage: Stage, where: Place) -> None:
    found = chaos(where, SECONDS, SEED, pause_seconds=(5, 10), open_at_most=4)
    print(report(found))

    assert found.complaints == []
    assert found.faults
