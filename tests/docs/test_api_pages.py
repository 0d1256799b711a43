"""The pages for those who speak HTTP: their commands are run, and their code makes what the server takes."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.rules.payload import Payload
from tests.conftest import CHECKOUT
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import running_api_server
from tests.support.page_blocks import Block, blocks, is_as_shown, run_commands, shown_output
from tests.support.postgres import PostgresServer
from tests.support.world import World

HOW_TO = CHECKOUT / "docs" / "how-to"
CALL = HOW_TO / "call-the-api.md"
CLIENT = HOW_TO / "write-a-client.md"
OPERATIONS = HOW_TO / "operations.md"


@pytest.fixture(scope="module")
def called(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What each block of commands of the page about curl has printed."""
    home, folder = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("curl")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, home)}"
    engine = create_engine(url)
    World(DatabaseBackend(engine), AirflowRows(engine)).start(name="order", key="1001")
    engine.dispose()
    with running_api_server(url, home) as server:
        commands = {
            block.number: block.text.replace("http://localhost:8080", server.url)
            for block in blocks(CALL)
            if block.language == "sh"
        }
        return run_commands(commands, folder, {"PATH": os.environ["PATH"]}, timeout_seconds=240)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("block", "output"), shown_output(CALL), ids=[f"block{block.number}" for block, _ in shown_output(CALL)]
)
def test_a_command_prints_what_the_page_says(called: dict[int, str], block: Block, output: str) -> None:
    assert is_as_shown(output, called[block.number]), f"{block.text}\nprinted:\n{called[block.number]}"


@pytest.fixture
def stored() -> Callable[..., dict[str, Any]]:
    """The function of the page about clients."""
    (code,) = [block.text for block in blocks(CLIENT) if block.language == "python"]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page
    function: Callable[..., dict[str, Any]] = names["stored"]
    return function


@pytest.mark.parametrize(
    "value", [None, True, 7, 10**30, 0.1, "Zoë \U0001f600 \x00", [1, [2]], {"b": 1, "a": {"d": 2, "c": 3}}]
)
def test_a_stored_value_is_as_the_server_makes_it(stored: Callable[..., dict[str, Any]], value: Any) -> None:
    for is_input in (False, True):
        ours = Payload.of(value, type_name="a type", sort_keys=is_input)
        assert stored(value, "a type", is_input=is_input) == {
            "type": ours.type,
            "text": ours.text,
            "size": ours.size,
            "sha256": ours.sha256,
        }


def test_the_example_of_a_stored_value_is_one() -> None:
    (example,) = [json.loads(block.text) for block in blocks(CLIENT) if block.language == "json"]
    assert example["text"] == Payload.of({"amount": 30, "name": "Zoë"}).text
    assert example["size"] == len(example["text"])


def test_the_uninstallation_leaves_nothing(postgres_server: PostgresServer, migrated_postgres: str) -> None:
    (sql,) = re.findall(r"```postgresql\n(.*?)```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)
    ours = """
        SELECT relname FROM pg_class WHERE relname LIKE '%wfstate%'
        UNION SELECT proname FROM pg_proc WHERE proname LIKE '%wfstate%'"""
    with (
        postgres_server.database("uninstalled", migrated_postgres) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        assert connection.execute(ours).fetchall() != []
        connection.execute(sql)
        assert connection.execute(ours).fetchall() == []
