"""Stored text cannot affect the terminal that displays it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.printing.rendering import as_json, print_for_programs, print_rows, print_text
from airflow_wfstate.cli.printing.workflow_page import print_workflow
from airflow_wfstate.domain.messages.step import EndAttempt
from airflow_wfstate.domain.rules.states import StepState
from tests.conftest import CHECKOUT
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

HOSTILE = "\x1b[2J\x1b[1;1Hall is well\x07\u202e\u200b"
SHOWN = r"\x1b[2J\x1b[1;1Hall is well\x07\u202e\u200b"


@pytest.fixture
def world(migrated_sqlite_url: str) -> Iterator[World]:
    engine = create_engine(migrated_sqlite_url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.mark.parametrize("output", ["table", "plain"])
def test_an_error_of_a_step_is_shown_with_its_escapes(
    world: World, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    _, begun = world.begin(run_id, "pay")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.FAILED, error=HOSTILE))

    print_workflow(world.backend.get_workflow(workflow_id), datetime.now(timezone.utc), output)

    shown = capsys.readouterr().out
    assert SHOWN in shown
    assert not [line for line in shown.splitlines() if not line.isprintable()]


@pytest.mark.parametrize("output", ["table", "plain"])
def test_values_are_shown_in_their_own_script(
    world: World, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, input={"city": f"Zürich 😀{HOSTILE}"}).workflow.id
    _, begun = world.begin(run_id, "pay")
    world.succeed(begun, "заказ")

    print_workflow(world.backend.get_workflow(workflow_id), datetime.now(timezone.utc), output)

    shown = capsys.readouterr().out
    assert "Zürich 😀" in shown
    assert r"\u202e\u200b" in shown
    assert '"заказ"' in shown
    assert not [line for line in shown.splitlines() if not line.isprintable()]


def test_a_line_break_does_not_make_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    for output in ("table", "plain"):
        print_rows([{"state": "failed", "error": "a\nstate: succeeded"}], output)
        lines = capsys.readouterr().out.splitlines()
        assert not [line for line in lines if line.strip().startswith("state: succeeded")]


def test_plain_keeps_the_spaces_of_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"key": "order  7 of   ann", "state": "running"}], "plain")

    assert capsys.readouterr().out.splitlines()[1] == "order  7 of   ann  running"


def test_a_message_keeps_its_lines_and_loses_its_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(f"one\n{HOSTILE}", is_error=True)

    assert capsys.readouterr().err == f"one\n{SHOWN}\n"


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_programs_get_the_text_itself_in_the_escapes_of_their_format(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_for_programs(as_json({"error": HOSTILE}), output)

    shown = capsys.readouterr().out
    assert not [line for line in shown.splitlines() if not line.isprintable()]
    if output == "json":
        assert json.loads(shown) == {"error": HOSTILE}


def test_only_one_module_of_the_command_line_prints() -> None:
    printing = {
        path.name
        for path in (CHECKOUT / "airflow_wfstate" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"rendering.py"}
