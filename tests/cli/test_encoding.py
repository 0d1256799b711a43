"""A terminal that is not UTF-8 gets escapes instead of an error."""

from __future__ import annotations

import io
import json

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.printing.encoding import escape_what_is_not_encodable
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"Z\\u00fcrich \\u2192 \\ud83d\\ude00"),
        ("latin-1", b"Z\xfcrich \\u2192 \\ud83d\\ude00"),
        ("utf-8", "Zürich → 😀".encode()),
    ],
)
def test_what_the_encoding_lacks_is_written_as_json_escapes(encoding: str, written: bytes) -> None:
    into = io.BytesIO()
    stream = io.TextIOWrapper(into, encoding=encoding)
    escape_what_is_not_encodable(stream)

    stream.write("Zürich → 😀")
    stream.flush()

    assert into.getvalue() == written
    if encoding != "latin-1":
        assert json.loads(f'"{written.decode()}"') == "Zürich → 😀"


def test_a_terminal_that_is_not_utf_8_shows_a_workflow(home: Home, engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    workflow = world.start(name="doručení", key="Zürich 😀").workflow

    shown = home.airflow("wfstate", "show", workflow.id, PYTHONIOENCODING="ascii")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert r"doru\u010den\u00ed" in shown.stdout
    assert r"\ud83d\ude00" in shown.stdout
