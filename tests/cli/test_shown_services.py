"""What the command line shows about services: a workflow, in both formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.printing.workflow_page import print_workflow
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from tests.support.services import Shop


@pytest.fixture
def shop(migrated_sqlite_url: str) -> Iterator[Shop]:
    engine = create_engine(migrated_sqlite_url)
    yield Shop(DatabaseBackend(engine)).apply()
    engine.dispose()


def printed(workflow: WorkflowDetail, capsys: pytest.CaptureFixture[str], output: str = "table") -> list[str]:
    capsys.readouterr()
    print_workflow(workflow, workflow.summary.updated_at + timedelta(hours=2), output)
    return capsys.readouterr().out.splitlines()


def test_the_tree_has_a_branch_for_each_service_and_says_which_is_waited_for(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "authorised", "1"))
    lines = printed(shop.find("1"), capsys)

    assert "payments (service)" in lines
    assert "shop (service)" in lines
    assert "└── capture running" in lines
    assert "    └── waits for payments to report how it ended" in lines
    (waits,) = [line for line in lines if line.startswith("waits ")]
    assert "payments.capture waits for payments to report how it ended, since " in waits
    assert waits.endswith("(2h 0m)")
    assert not any("without a run" in line for line in lines)


def test_a_service_that_is_next_and_silent_has_its_branch(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.send(shop.placed("1"))
    lines = printed(shop.find("1"), capsys)

    assert lines[-2:] == ["payments (service)", "└── capture not reported yet, waiting for it"]


def test_an_error_of_a_service_stands_beside_its_step(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "declined", "1", {"reason": "no cover\x1b[31m"}))
    lines = printed(shop.find("1"), capsys)

    assert "└── capture failed: no cover\\x1b[31m" in lines


def test_plain_has_a_section_of_waits(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.send(shop.placed("1"))
    lines = printed(shop.find("1"), capsys, "plain")

    header, row = lines[lines.index("Waits:") + 1 :][:2]
    assert header.split() == ["kind", "waits", "since", "until", "for"]
    assert row.split()[:2] == ["service", "payments.capture"]
    assert row.endswith("payments to report that it began or ended")


def test_what_the_reader_may_not_know_is_not_told(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.send(shop.placed("1"))
    detail = shop.find("1")
    hidden = replace(detail, waits=[replace(detail.waits[0], what=None)], further_waits=3)

    waits = [line for line in printed(hidden, capsys) if line.startswith("waits ")]

    assert "payments.capture waits for something that you may not see, since" in waits[0]
    assert waits[1].split(maxsplit=1)[1] == "and 3 more"
