"""The journal as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends import journal_export
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.journal_export import ExportFormat, export_journal
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.reading.journal import JournalFilter
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World

_HOSTILE = '=cmd|"/c calc"!A1'


@pytest.fixture(scope="module")
def world(api_server: ApiServer) -> Iterator[World]:
    engine = create_engine(api_server.database_url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.fixture
def admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token('admin')}"
    return client


def _cancelled(world: World, name: str = _HOSTILE) -> str:
    """A workflow with a hostile step that somebody cancelled."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.fail(world.begin(run_id, "pay", item_key=name)[1], f"{name}\n@SUM(1)")
    world.backend.cancel_workflow(CancelWorkflow(workflow_id, reason="-1, with; signs", actor="@user:ann"))
    return workflow_id


def test_ndjson_has_an_entry_a_line(admin: httpx.Client, world: World) -> None:
    workflow_id = _cancelled(world)
    answer = admin.get(f"/v1/workflows/{workflow_id}/journal/export")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="journal-{workflow_id}.ndjson"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    paged = admin.get(f"/v1/workflows/{workflow_id}/journal").json()["entries"]
    assert [(line["number"], line["kind"], line["data"], line["sentence"]) for line in lines] == [
        (entry["number"], entry["kind"], entry["data"], entry["sentence"]) for entry in paged
    ]


def test_no_cell_of_csv_is_a_formula(admin: httpx.Client, world: World) -> None:
    workflow_id = _cancelled(world)
    answer = admin.get(f"/v1/workflows/{workflow_id}/journal/export", params={"format": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["number", "at", "kind", "step", "attempt", "actor", "sentence", "data"]
    assert len(rows) == len(world.journal(workflow_id))
    assert [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r\n" and cell] == []
    assert rows[-1][5] == "'@user:ann"
    assert any(_HOSTILE in row[3] for row in rows)


@pytest.mark.parametrize("start", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1"])  # noqa: RUF001 - meant so
def test_what_a_spreadsheet_would_run_is_a_text(start: str) -> None:
    assert journal_export._guarded(start) == f"'{start}"


def test_a_filter_narrows_it(admin: httpx.Client, world: World) -> None:
    workflow_id = _cancelled(world)
    asked = {"format": "csv", "kind": ["step.failed", "workflow.cancelled"]}
    text = admin.get(f"/v1/workflows/{workflow_id}/journal/export", params=asked).text
    assert [row[2] for row in csv.reader(io.StringIO(text, newline=""))] == [
        "kind",
        "step.failed",
        "workflow.cancelled",
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [("journal/export?format=xls", 400), ("journal/export?step=none", 400), ("journal/export?kind=x", 400)],
)
def test_a_file_that_cannot_be_made_is_a_problem(admin: httpx.Client, world: World, path: str, status: int) -> None:
    answer = admin.get(f"/v1/workflows/{_cancelled(world)}/{path}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_it_is_read_in_pages_and_ends_where_the_journal_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_export, "MAX_LIMIT", 2)
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    for step in ("reserve", "pay"):
        world.step_done(run_id, step)
    entries = world.journal(workflow_id)

    parts = export_journal(world.backend, workflow_id, ExportFormat.NDJSON, JournalFilter())
    world.begin(run_id, "ship")
    found = list(parts)

    numbers = [json.loads(line)["number"] for part in found for line in part.text.splitlines()]
    assert numbers == list(range(1, len(entries) + 1))
    assert [(part.reached, part.total) for part in found][::2] == [(2, 6), (6, 6)]
