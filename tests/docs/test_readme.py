"""The README's DAG is a DAG without findings, and does what the README says; its commands are commands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from packaging.version import Version

from tests.support.airflow_home import Home

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
MATCH = re.search(r"```python\n(.*?)```", README, re.DOTALL)
SOURCE = MATCH.group(1) if MATCH else ""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("readme_home"))
    (home.path / "dags").mkdir()
    (home.path / "dags" / "order.py").write_text(SOURCE, encoding="utf-8")
    migrated = home.airflow("db", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    return home


def test_it_has_28_lines() -> None:
    assert len(SOURCE.splitlines()) == 28


def test_lint_finds_nothing(home: Home) -> None:
    linted = home.airflow("wfstate", "lint", "--dag", "order")
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout + linted.stderr


def test_its_commands_are_commands() -> None:
    from airflow.cli.cli_parser import get_parser

    (block,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    commands = [words for line in block.splitlines() if (words := shlex.split(line, comments=True))]
    assert len(commands) > 10
    for words in commands:
        assert words[0] == "airflow"
        assert get_parser().parse_args(words[1:]).func  # ends the process when the command is none


@pytest.mark.skipif(
    Version(airflow_version) < Version("3.3"),
    reason="`airflow dags test` fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
)
def test_it_runs_and_shows(home: Home) -> None:
    ran = home.airflow("dags", "test", "order")
    assert ran.returncode == 0, ran.stdout + ran.stderr

    (listed,) = json.loads(home.airflow("wfstate", "list", "--name", "order", "-o", "json").stdout)
    assert listed["key"].startswith("2001~"), "a rehearsal leaves the key to the first real run"
    workflow = json.loads(home.airflow("wfstate", "show", listed["id"], "-o", "json").stdout)
    assert workflow["summary"]["state"] == "succeeded"
    assert [(step["name"], step["state"]) for step in workflow["steps"]] == [
        ("charge", "succeeded"),
        ("label", "succeeded"),
    ]
    assert [checkpoint["name"] for checkpoint in workflow["steps"][1]["checkpoints"]] == ["printed"]
    assert workflow["output"]["value"]["parcels"] == 3
