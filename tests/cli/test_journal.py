from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys

import pytest
from sqlalchemy import Engine, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.store.database import schema
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.ready_airflow import terminal
from tests.support.wide_workflow import add_items
from tests.support.world import World

WIDE = 1200
"""The number of entries in a journal that takes two pages to export."""


@pytest.fixture(scope="module")
def wide_id(engine: Engine) -> str:
    """A workflow whose journal has gaps and more entries than the largest page holds."""
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="archive").workflow.id
    add_items(engine, workflow_id, run_id, WIDE)
    with engine.begin() as connection:
        its_row = schema.workflow.c.id == workflow_id
        connection.execute(update(schema.workflow).where(its_row).values(journal_count=1000 + WIDE))
    return workflow_id


def test_entries_in_order(home: Home, order_id: str) -> None:
    entries = json.loads(home.wfstate("journal", order_id, "-o", "json").stdout)
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["kind"] for entry in entries if entry["step"] == "order_intake.charge_card"] == [
        "step.began",
        "step.failed",
        "step.began",
    ]
    assert entries[0]["kind"] == "workflow.started"
    assert "007" not in json.dumps(entries[0]["data"].get("input")), "the journal holds no payloads"


def test_pages_and_names_the_command_for_the_next_page(home: Home, order_id: str) -> None:
    first = home.wfstate("journal", order_id, "--limit", "2", "-o", "json")
    assert [entry["number"] for entry in json.loads(first.stdout)] == [1, 2]
    command = first.stderr.strip().removeprefix("More results: ")
    second = home.airflow(*shlex.split(command)[1:])
    assert [entry["number"] for entry in json.loads(second.stdout)] == [3, 4]


def test_plain_is_one_line_an_entry(home: Home, order_id: str) -> None:
    entries = json.loads(home.wfstate("journal", order_id, "-o", "json").stdout)
    lines = home.wfstate("journal", order_id, "-o", "plain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["number", *(str(entry["number"]) for entry in entries)]


def test_a_table_has_a_sentence_an_entry(home: Home, order_id: str) -> None:
    table = " ".join(home.wfstate("journal", order_id).stdout.split())
    assert "The workflow started." in table
    assert "order_intake.charge_card began" in table
    assert "workflow.started" not in table


def test_a_limit_out_of_range(home: Home, order_id: str) -> None:
    answer = home.wfstate("journal", order_id, "--limit", "1001")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("A page cannot hold 1001 entries.")


def test_it_is_narrowed_to_kinds_and_a_step(home: Home, order_id: str) -> None:
    words = ("--kind", "step.began,step.failed", "--kind", "run.linked", "--step", "charge_card", "-o", "json")
    entries = json.loads(home.wfstate("journal", order_id, *words).stdout)
    assert [entry["kind"] for entry in entries] == ["step.began", "step.failed", "step.began"]
    assert {entry["step"] for entry in entries} == {"order_intake.charge_card"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--kind", "step.lost,step.gone"), "'step.gone' is not a kind of journal entry. The kinds are"),
        (("--step", "nothing"), "The workflow has no step 'nothing' that has begun."),
        (("--step", "nothing", "--export", "csv"), "The workflow has no step 'nothing' that has begun."),
        (("--export", "csv", "--after", "-1"), "There is no entry number -1."),
    ],
)
def test_what_cannot_be_asked_for_is_refused(home: Home, order_id: str, words: tuple[str, ...], reason: str) -> None:
    answer = home.wfstate("journal", order_id, *words)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason)


def test_it_is_exported_as_the_api_does_it(home: Home, order_id: str, engine: Engine) -> None:
    entries = json.loads(home.wfstate("journal", order_id, "-o", "json").stdout)

    lines = home.wfstate("journal", order_id, "--export", "ndjson", "--limit", "1").stdout.splitlines()
    assert [json.loads(line) for line in lines] == entries

    narrowed = home.wfstate("journal", order_id, "--export", "csv", "--kind", "step.failed")
    header, row = csv.reader(io.StringIO(narrowed.stdout, newline=""))
    assert header == ["number", "at", "kind", "step", "attempt", "actor", "sentence", "data"]
    assert (row[2], narrowed.stderr) == ("step.failed", "")


def test_no_cell_of_an_exported_csv_is_a_formula(home: Home, engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="archive").workflow.id
    home.wfstate("cancel", workflow_id, "--yes", "--reason", "=1+1")
    with engine.begin() as connection:
        of_it = schema.journal.c.workflow_id == workflow_id
        connection.execute(update(schema.journal).where(of_it).values(actor='=cmd|"/c calc"!A1', step="@SUM(1)"))

    exported = home.wfstate("journal", workflow_id, "--export", "csv").stdout

    rows = list(csv.reader(io.StringIO(exported, newline="")))
    assert [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r\n" and cell] == []
    assert rows[1][3] == "'@SUM(1)"


def test_a_long_export_says_on_stderr_how_far_it_is(home: Home, wide_id: str) -> None:
    answer = home.wfstate("journal", wide_id, "--export", "ndjson")

    assert len(answer.stdout.splitlines()) == WIDE + 2
    assert answer.stderr == f"journal of {wide_id}: entries read, {1000 + 997} of {1000 + WIDE}\n"


def test_a_bar_on_the_terminal_leaves_the_file_alone(home: Home, wide_id: str) -> None:
    """Rich would redirect what a program writes to stdout, and show it above its progress bar."""
    command = [sys.executable, "-m", "airflow", "wfstate", "journal", wide_id, "--export", "ndjson"]
    with terminal(80) as (device, shown), open(device, "w") as stderr:
        answer = subprocess.run(
            command,
            cwd=home.path,
            env=home.environment(),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=180,
            check=True,
        )

    assert len(answer.stdout.splitlines()) == WIDE + 2
    assert "entries read" in "".join(shown)


def test_a_terminal_is_not_sent_what_it_would_obey(home: Home, engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="archive").workflow.id
    world.fail(world.begin(run_id, "pay")[1], "\x1b[31mred")

    assert "\x1b[31m" in home.wfstate("journal", workflow_id, "--export", "csv").stdout
    assert "\x1b[31m" not in home.wfstate_on_terminal("journal", workflow_id, "--export", "csv").stdout
