"""``airflow wfstate event``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from tests.support.airflow_home import Home
from tests.support.services import Shop


@pytest.fixture
def shop(home: Home) -> Iterator[Shop]:
    engine = create_engine(f"sqlite:///{home.path / 'airflow.db'}")
    yield Shop(DatabaseBackend(engine)).apply()
    engine.dispose()


def test_a_file_is_sent_and_sent_again_changes_nothing(home: Home, shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    events = [shop.placed("1"), shop.event("payments", "captured", "1"), {"specversion": "1.0"}]
    file.write_text("\n\n".join(json.dumps(event) for event in events))

    first = home.wfstate("event", "send", str(file))
    again = home.wfstate("event", "send", "-", "-o", "json", answer=file.read_text())

    assert first.returncode == 1
    assert first.stdout.strip() == "3 events: 2 applied, 1 refused."
    assert "Line 5 is refused: The attribute source is missing." in first.stderr
    assert json.loads(again.stdout) == {"applied": 0, "parked": 0, "duplicate": 2, "refused": 1, "dead": 0}
    assert shop.states("1") == {"shop.place": "succeeded", "payments.capture": "succeeded"}


def test_a_line_that_is_no_event_ends_the_sending_behind_what_stands_before_it(
    home: Home, shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(f"{json.dumps(shop.placed('1'))}\n{{nonsense\n")

    answer = home.wfstate("event", "send", str(file))

    assert answer.returncode == 1
    assert "Line 2 is not an event" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert shop.states("1") == {"shop.place": "succeeded"}
    missing = home.wfstate("event", "send", str(tmp_path / "missing"))
    assert (missing.returncode, "cannot be read" in missing.stderr) == (1, True)


def test_operators_look_after_what_waits(home: Home, shop: Shop) -> None:
    waiting = [shop.event("payments", type_, "1", time="2026-01-01T00:00:00Z") for type_ in ("captured", "audited")]
    shop.send(*waiting)
    first, second = (event["id"] for event in waiting)
    filters = ("--name", shop.name)

    page = home.wfstate("event", "list", *filters, "--limit", "1")
    listed = json.loads(home.wfstate("event", "list", *filters, "-o", "json").stdout)
    shown = home.wfstate("event", "show", shop.source("payments"), first)

    assert "More results: airflow wfstate event list --name" in page.stderr
    assert {event["id"] for event in listed} == {first, second}
    assert "is parked. Its workflow has not started yet." in shown.stdout
    assert '"order_id":"1"' in shown.stdout
    refused = home.wfstate("event", "drop", "--reason", "x")
    assert (refused.returncode, "either an event or --all" in refused.stderr) == (1, True)

    dropped = home.wfstate(
        "event", "drop", "--all", *filters, "--type", "audited", "--reason", "not ours", "-y", "-o", "json"
    )
    replayed = home.wfstate("event", "replay", shop.source("payments"), first, "-y", "-o", "json")

    (one,) = json.loads(dropped.stdout)
    assert (one["id"], one["state"]) == (second, "dropped")
    assert one["reason"].startswith("Dropped by cli:")
    assert one["reason"].endswith(": not ours")
    assert [event["state"] for event in json.loads(replayed.stdout)] == ["parked"]
    shop.send(shop.placed("1"))
    assert shop.states("1") == {"shop.place": "succeeded", "payments.capture": "succeeded"}
    of_workflow = home.wfstate("event", "list", "--workflow", f"{shop.name}/1", "-o", "json")
    assert {event["type"] for event in json.loads(of_workflow.stdout)} == {"captured", "placed"}
    assert shop.told(waiting[1]) == ["duplicate"]
