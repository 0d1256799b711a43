"""The first tutorial, followed word for word on a real Airflow: each command is run, and prints what the page says.

The installation is left out: the tests' own virtual environment stands for it. Airflow has no configuration but its
ports: this is also the test of the package on ``airflow standalone`` as it comes, with SQLite.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demo import environment
from tests.conftest import CHECKOUT
from tests.support.page_blocks import Block, blocks, file_of, is_as_shown, run_commands, shown_output

PAGE = CHECKOUT / "docs" / "tutorial" / "first-workflow.md"

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What each block of commands has printed, by its number on the page."""
    folder, port = tmp_path_factory.mktemp("tutorial"), environment.free_port()
    inside = folder / "first-workflow"
    variables = {
        **environment.bare(inside / "airflow"),
        **environment.on_port(port),
        **environment.on_free_log_ports(),
        "COLUMNS": "120",
    }
    commands = {}
    for block in blocks(PAGE):
        if block.language == "python":
            commands[block.number] = _saving(block)
        elif block.language == "sh" and "pip install" not in block.text:
            commands[block.number] = block.text.replace("localhost:8080", f"localhost:{port}")
    return run_commands(commands, folder, variables, timeout_seconds=900)


def _saving(block: Block) -> str:
    """A command that saves a block as the file that it names."""
    path = file_of(block)
    assert path is not None
    return f"mkdir -p {Path(path).parent} && cat > {path} <<'END_OF_FILE'\n{block.text}END_OF_FILE"


@pytest.mark.parametrize(
    ("block", "output"), shown_output(PAGE), ids=[f"block{block.number}" for block, _ in shown_output(PAGE)]
)
def test_a_command_prints_what_the_page_says(followed: dict[int, str], block: Block, output: str) -> None:
    assert is_as_shown(output, followed[block.number]), f"{block.text}\nprinted:\n{followed[block.number]}"


def test_the_rest_fails_nowhere(followed: dict[int, str]) -> None:
    for number, printed in followed.items():
        assert "Traceback" not in printed, f"block {number}:\n{printed}"
    told = "\n".join(followed.values())
    assert re.search(r"held|on hold", told), "airflow wfstate stuck names the order that waits"


def test_what_is_installed_is_in_the_repository() -> None:
    (install,) = [block.text for block in blocks(PAGE) if "pip install" in block.text]
    (constraints,) = re.findall(r"\$WFSTATE/(constraints/\S+?)\"", install)
    assert (CHECKOUT / constraints).is_file()


def test_every_block_is_run_or_compared() -> None:
    assert {block.language for block in blocks(PAGE)} == {"sh", "text", "python"}
