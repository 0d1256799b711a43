"""The output on terminals of 80 and 200 columns, with NO_COLOR, and in a pipe."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.policies import FailurePolicy
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*3\d(?:;\d+)*m")
ERROR = (
    "Traceback (most recent call last):\n  File 'pay.py'\nValueError: the card was declined by the bank of the payer"
)
LONG_KEY = f"customer-{'x' * 150}-000017"


@pytest.fixture(scope="module")
def world(engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(engine))


@pytest.fixture(scope="module")
def shop(world: World) -> World:
    """``shop/1001``, whose step ``pay`` called another DAG; ``shop/1002``, which failed; and one with a long key."""
    run_id = world.rows.add_run("shop")
    world.start(run_id, dag_id="shop", name="shop", key="1001", plan=["pay", "ship"])
    _, pay = world.begin(run_id, "pay", dag_id="shop")
    world.step_done(world.child(pay, "bank"), "authorise", dag_id="bank", undo="task:authorise")

    run_id = world.rows.add_run("shop")
    world.start(run_id, dag_id="shop", name="shop", key="1002", on_failure=FailurePolicy.HOLD)
    task_id, pay = world.begin(run_id, "pay", dag_id="shop")
    world.fail(pay, ERROR)
    world.rows.set_task_state(task_id, "failed")
    world.rows.set_run_state("shop", run_id, "failed")
    world.sweep()

    world.start(dag_id="shop", name="shop", key=LONG_KEY)
    return world


def _lines(shown: str) -> list[str]:
    return ESCAPE.sub("", shown).splitlines()


def _line(shown: str, start: str) -> str:
    (line,) = [line for line in _lines(shown) if line.startswith(start)]
    return line


def test_a_list_fits_into_80_columns(home: Home, shop: World) -> None:
    answer = home.wfstate_on_terminal("list", "--name", "shop")

    assert answer.returncode == 0
    assert max(len(line.rstrip()) for line in _lines(answer.stdout)) <= 80
    assert [cell.strip() for cell in _lines(answer.stdout)[0].split("|")] == [
        "workflow",
        "state",
        "steps",
        "problem",
        "age",
    ]
    assert _line(answer.stdout, "shop/1001").split()[2:5] == ["running", "|", "1/3"]
    assert "| held: " in _line(answer.stdout, "shop/1002")
    long = _line(answer.stdout, "shop/custom").partition(" ")[0]
    assert "…" in long
    assert long.endswith("-000017"), "what tells one key from the next stands at its end"


def test_200_columns_hold_the_whole_error(home: Home, shop: World) -> None:
    answer = home.wfstate_on_terminal("list", "--name", "shop", "--state", "failed", columns=200)

    assert "ValueError: the card was declined by the bank of the payer |" in answer.stdout


def test_wide_has_every_column_and_shortens_nothing(home: Home, shop: World) -> None:
    answer = home.wfstate_on_terminal("list", "--name", "shop", "--wide")

    assert "| current_step | labels |" in _lines(answer.stdout)[0]
    assert LONG_KEY in answer.stdout


def test_states_have_colours_unless_they_are_not_wanted(home: Home, shop: World) -> None:
    words = ("list", "--name", "shop", "--state", "failed")

    assert COLOUR.search(home.wfstate_on_terminal(*words).stdout)
    assert not COLOUR.search(home.wfstate_on_terminal(*words, NO_COLOR="1").stdout)
    assert not ESCAPE.search(home.wfstate(*words).stdout), "a pipe gets plain text"


def test_a_table_that_is_too_wide_becomes_records_with_whole_ids(home: Home, shop: World) -> None:
    wide = home.wfstate("stuck", "--name", "shop")
    narrow = home.wfstate_on_terminal("stuck", "--name", "shop")

    command = re.search(r"airflow wfstate resume \S+", wide.stdout)
    assert command is not None
    assert f"command  | {command[0]}" in _lines(narrow.stdout)
    assert "workflow | shop/1002" in _lines(narrow.stdout)


def test_show_puts_the_failed_step_on_top(home: Home, shop: World) -> None:
    lines = _lines(home.wfstate_on_terminal("show", "shop/1002").stdout)

    assert lines[0] == "shop/1002  failed  0/1 steps"
    assert lines[1] == "failed step  pay: ValueError: the card was declined by the bank of the payer"
    assert any(line.startswith("  try        airflow wfstate resume ") for line in lines)
    assert any(line.startswith("└── pay failed, ") for line in lines)


def test_show_draws_runs_steps_and_undos_as_a_tree(home: Home, shop: World) -> None:
    shown = home.wfstate_on_terminal("show", "shop/1001").stdout

    assert [re.sub(r"\S+__\S+|, \d+ms| -> null", "", line) for line in _lines(shown)[-5:]] == [
        "shop  (owner) running",
        "└── pay running",
        "    └── bank  (child) running",
        "        └── authorise succeeded",
        "            └── undo task:authorise armed",
    ]
    assert f"wfstate__{shop.backend.list_workflows(WorkflowQuery(name='shop', key='1001')).workflows[0].id}" in shown


def test_a_journal_has_two_lines_for_each_entry(home: Home, shop: World) -> None:
    lines = _lines(home.wfstate_on_terminal("journal", "shop/1002").stdout)

    assert max(len(line) for line in lines) <= 80
    assert re.fullmatch(r"1  \S+ \S+Z  workflow\.started", lines[0])
    assert re.match(r"   task start-\w+  \{\"name\": \"shop\", \"key\": \"1002\"", lines[1])
    assert re.fullmatch(r"3  \S+ \S+Z  step\.began  shop\.pay  attempt 1", lines[4])


@pytest.mark.parametrize("words", [("show", "shop/1001"), ("list", "--name", "shop")])
def test_a_watch_is_not_for_programs(home: Home, shop: World, words: tuple[str, ...]) -> None:
    refused = home.wfstate(*words, "--watch", "-o", "json")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "airflow wfstate wait" in refused.stderr


def test_a_watch_ends_with_its_workflow_and_leaves_the_last_answer(home: Home, world: World) -> None:
    ended = world.start(name="watched", key="1").workflow.id
    home.wfstate("cancel", ended, "--yes")

    shown = home.wfstate_on_terminal("show", ended, "--watch").stdout
    screen, _, left = shown.partition("\x1b[?1049l")

    assert screen.startswith("\x1b[?1049h")
    assert "Every 2s, as of " in screen
    assert _lines(left)[0].startswith("watched/1  cancelled")
    assert "As of " in home.wfstate("show", ended, "--watch").stdout.splitlines()[0], "in a pipe"
