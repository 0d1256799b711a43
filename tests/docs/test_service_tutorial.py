"""The tutorial for a service's owner, followed word for word: each command is run, and prints what the page says."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.support.api_server import free_port, running_api_server
from tests.support.page_blocks import Block, blocks, file_of, is_as_shown, run_commands, shown_output

PAGE = CHECKOUT / "docs" / "tutorial" / "service.md"
SERVICE = CHECKOUT / "demo" / "services" / "stock.py"

_STANDALONE = "airflow standalone"
_SECONDS = 240

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture(scope="module")
def followed(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What each block of commands has printed, by its number on the page."""
    home, folder = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("tutorial")
    shutil.copy(migrated_sqlite, home)
    (told,) = [block.text for block in blocks(PAGE) if _STANDALONE in block.text]
    settings = {
        **dict(re.findall(r"^export (\w+)=(\S+)", told, re.MULTILINE)),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "simple_auth_manager_passwords.json.generated"),
    }
    with running_api_server(f"sqlite:///{home / 'airflow.db'}", home, settings) as server:
        port = str(free_port())
        commands = {
            number: text.replace("http://localhost:8080", server.url)
            .replace("~/airflow", str(home))
            .replace("8090", port)
            for number, text in _commands(folder).items()
        }
        return run_commands(commands, folder, _environment(home, settings), _SECONDS)


@pytest.mark.parametrize(
    ("block", "output"), shown_output(PAGE), ids=[f"block{block.number}" for block, _ in shown_output(PAGE)]
)
def test_a_command_prints_what_the_page_says(followed: dict[int, str], block: Block, output: str) -> None:
    assert is_as_shown(output, followed[block.number]), f"{block.text}\nprinted:\n{followed[block.number]}"


def test_the_service_on_the_page_is_the_one_that_is_shipped() -> None:
    assert [block.text for block in blocks(PAGE) if block.language == "python"] == [SERVICE.read_text(encoding="utf-8")]


def test_every_block_is_run_or_compared() -> None:
    assert {block.language for block in blocks(PAGE)} == {"sh", "text", "yaml", "python"}
    assert all(block.language == "sh" for block, _ in shown_output(PAGE))


def _commands(folder: Path) -> dict[int, str]:
    """All commands of the page, by the number of their block; the files that it shows are written into the folder."""
    commands = {}
    for block in blocks(PAGE):
        if block.language == "yaml":
            (folder / str(file_of(block))).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            (folder / SERVICE.name).write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and _STANDALONE not in block.text:
            commands[block.number] = block.text
    return commands


def _environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        **settings,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "COLUMNS": "120",
    }
