"""The tutorial for a service's owner, followed word for word: each command is run, and prints what the page says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.support.api_server import free_port, running_api_server

PAGE = CHECKOUT / "docs" / "tutorial" / "service.md"
SERVICE = CHECKOUT / "demo" / "services" / "stock.py"

_STANDALONE = "airflow standalone"
_MARK = "--- block"
_SECONDS = 240

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass(frozen=True)
class Block:
    """A block of code of the page."""

    language: str
    text: str


def blocks() -> list[Block]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [Block(language, text) for language, text in found]


def printed_blocks() -> list[tuple[int, str]]:
    """The number of each block of commands whose output the page shows, with that output."""
    page = blocks()
    return [(number - 1, block.text) for number, block in enumerate(page) if block.language == "text"]


@pytest.fixture(scope="module")
def followed(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What each block of commands has printed, by its number on the page."""
    home, folder = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("tutorial")
    shutil.copy(migrated_sqlite, home)
    (told,) = [block.text for block in blocks() if _STANDALONE in block.text]
    settings = {
        **dict(re.findall(r"^export (\w+)=(\S+)", told, re.MULTILINE)),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "simple_auth_manager_passwords.json.generated"),
    }
    with running_api_server(f"sqlite:///{home / 'airflow.db'}", home, settings) as server:
        script = _script(folder).replace("http://localhost:8080", server.url).replace("~/airflow", str(home))
        return _run(script.replace("8090", str(free_port())), folder, home, settings)


@pytest.mark.parametrize(("number", "output"), printed_blocks())
def test_a_command_prints_what_the_page_says(followed: dict[int, str], number: int, output: str) -> None:
    expected = ".*".join(re.escape(part) for part in output.split("..."))
    assert re.fullmatch(expected, followed[number]), f"{blocks()[number].text}\nprinted:\n{followed[number]}"


def test_the_service_on_the_page_is_the_one_that_is_shipped() -> None:
    assert [block.text for block in blocks() if block.language == "python"] == [SERVICE.read_text(encoding="utf-8")]


def test_every_block_is_run_or_compared() -> None:
    assert {block.language for block in blocks()} == {"sh", "text", "yaml", "python"}
    page = blocks()
    assert all(page[number].language == "sh" for number, _ in printed_blocks())


def _script(folder: Path) -> str:
    """All commands of the page; the files that it shows are written into the folder."""
    lines = []
    for number, block in enumerate(blocks()):
        if block.language == "yaml":
            name = block.text.partition("\n")[0].removeprefix("# ")
            (folder / name).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            (folder / SERVICE.name).write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and _STANDALONE not in block.text:
            lines += [f"echo; echo '{_MARK} {number}'", block.text]
    return "\n".join(lines)


def _run(script: str, folder: Path, home: Path, settings: dict[str, str]) -> dict[int, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        **settings,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "COLUMNS": "120",
    }
    bash = subprocess.Popen(
        ["bash"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = bash.communicate(script, timeout=_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(bash.pid, signal.SIGKILL)  # what the page leaves running
        bash.wait()
    parts = re.split(rf"^{_MARK} (\d+)$\n", printed, flags=re.MULTILINE)
    return {
        int(number): re.sub(r" +$", "", text.rstrip("\n") + "\n", flags=re.MULTILINE)
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
    }
