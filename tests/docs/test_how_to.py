"""The how-to pages: their DAGs are DAGs without findings, their tests pass, their commands and options are known."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.cli.cli_parser import get_parser
from packaging.version import Version

from airflow_wfstate.conf import OPTIONS, SECTION
from tests.conftest import CHECKOUT
from tests.support.airflow_home import Home
from tests.support.page_blocks import Block, blocks, file_of

PAGES = sorted((CHECKOUT / "docs" / "how-to").glob("*.md"))
RUN_BY_THEIR_OWN_TEST = ("call-the-api", "write-a-client")
BLOCKS = [(page.stem, block) for page in PAGES if page.stem not in RUN_BY_THEIR_OWN_TEST for block in blocks(page)]
LANGUAGES = {"python", "sh", "ini", "postgresql", "text"}


def _of(language: str) -> list[Block]:
    return [block for _, block in BLOCKS if block.language == language]


@pytest.fixture(scope="module")
def home(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An Airflow home with the files of all pages."""
    home = Home(tmp_path_factory.mktemp("how_to"))
    (home.path / "airflow.db").write_bytes(migrated_sqlite.read_bytes())
    for block in _of("python"):
        path = home.path / str(file_of(block))
        path.parent.mkdir(exist_ok=True)
        assert not path.exists(), f"two blocks are {path.name}"
        path.write_text(block.text, encoding="utf-8")
    return home


def test_every_block_is_run_or_is_output() -> None:
    assert {block.language for _, block in BLOCKS} <= LANGUAGES
    assert [block.text for block in _of("python") if file_of(block) is None] == []


def test_the_dags_are_imported_and_lint_finds_nothing(home: Home) -> None:
    linted = home.airflow("wfstate", "lint")
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout + linted.stderr


def test_the_tests_on_the_pages_pass(home: Home) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=home.path,
        env=home.environment() | {"PYTHONPATH": str(home.path / "dags")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout


@pytest.mark.skipif(
    Version(airflow_version) < Version("3.3"),
    reason="`airflow dags test` fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
)
@pytest.mark.parametrize(
    ("dag_id", "name", "conf", "state"),
    [
        ("invoice", "invoice", {"invoice": "7"}, "succeeded"),
        ("trip", "trip", {"trip_id": "43", "flights": False}, "compensated"),
    ],
)
def test_a_dag_does_what_its_page_says(home: Home, dag_id: str, name: str, conf: dict[str, object], state: str) -> None:
    home.airflow("dags", "test", dag_id, "--conf", json.dumps(conf))
    listed = json.loads(home.airflow("wfstate", "list", "--name", name, "-o", "json").stdout)
    assert [workflow["state"] for workflow in listed] == [state]


@pytest.mark.parametrize("block", _of("sh"), ids=lambda block: block.text.split("\n")[0][:60])
def test_commands_are_commands(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.partition("|")[0], comments=True)
        if words and words[0] == "airflow":
            assert get_parser().parse_args(words[1:]).func  # ends the process when the command is none


@pytest.mark.parametrize("block", _of("ini"), ids=lambda block: block.text.split("\n")[1][:60])
def test_options_are_options(block: Block) -> None:
    settings = ConfigParser()
    settings.read_string(block.text)
    assert set(settings[SECTION]) <= set(OPTIONS)
