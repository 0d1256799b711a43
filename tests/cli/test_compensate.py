from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.definition import DECISIONS
from airflow_wfstate.domain.messages.compensate import Decision
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import Saga
from tests.support.world import World


@pytest.fixture
def held(engine: Engine) -> Saga:
    """``three`` is undone, ``two`` could not be, ``one`` is armed."""
    saga = Saga.start(World(DatabaseBackend(engine), AirflowRows(engine)), name="saga")
    saga.done("one", "two", "three")
    saga.undo(saga.fail(), fails=["two"])
    return saga


def test_the_plan_shows_order_payload_and_what_is_in_the_way(home: Home, held: Saga) -> None:
    shown = home.wfstate("compensate", held.workflow_id, "--plan", "-o", "plain")

    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert "is compensation_failed. The failed compensations are retried, then the rest are run." in lines[0]
    undone = [line.split()[:3] for line in lines if line.startswith("intake.") and "task:" in line]
    assert undone == [["intake.two", "1", "failed"], ["intake.one", "1", "armed"]]
    assert '{"of":"two"}' in shown.stdout
    assert any(line.startswith("intake.three") and line.rstrip().endswith("done") for line in lines)
    assert "Obstacle: DAG intake is gone, with the function that undoes step intake.two." in lines
    plan = json.loads(home.wfstate("compensate", held.workflow_id, "--plan", "-o", "json").stdout)
    assert [item["step"] for item in plan["undone"]] == ["intake.two", "intake.one"]
    assert held.detail().summary.state.value == "compensation_failed", "a plan changes nothing"


def test_who_agrees_undoes_and_who_does_not_changes_nothing(home: Home, held: Saga) -> None:
    refused = home.wfstate("compensate", held.workflow_id, answer="n\n")
    assert refused.returncode == 1
    assert held.detail().summary.state.value == "compensation_failed"

    done = home.wfstate("compensate", held.workflow_id, "--yes", "--reason", "the printer is repaired")

    assert done.returncode == 0, done.stderr
    assert "is now compensating" in done.stdout
    entry = [e for e in held.world.journal(held.workflow_id) if e.kind.value == "workflow.compensating"][-1]
    assert (entry.data["reason"], entry.actor.startswith("cli:")) == ("the printer is repaired", True)


def test_a_decision_is_carried_out_and_journaled(home: Home, held: Saga) -> None:
    done = home.wfstate("compensation", "skip", held.workflow_id, "two", "--reason", "it was never printed")
    assert done.returncode == 0, done.stderr
    assert "The compensation of step intake.two (round 1) is skipped; workflow" in done.stdout

    answer = home.wfstate("compensation", "done", held.workflow_id, "intake.one", "--reason", "by hand", "-o", "json")
    assert json.loads(answer.stdout)["workflow"]["state"] == "compensated"


@pytest.mark.parametrize(
    ("words", "complaint", "code"),
    [
        (["skip", "{id}", "nonsense", "--reason", "x"], "has nothing to undo for step nonsense", 1),
        (["skip", "{id}", "two", "--reason", " "], "needs a reason", 1),
        (["skip", "{id}", "two"], "--reason", 2),
        (["forget", "{id}", "two", "--reason", "x"], "invalid choice", 2),
    ],
)
def test_what_cannot_be_decided_is_said(home: Home, held: Saga, words: list[str], complaint: str, code: int) -> None:
    refused = home.wfstate("compensation", *(word.format(id=held.workflow_id) for word in words))
    assert refused.returncode == code
    assert complaint in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_words_are_those_of_the_domain() -> None:
    assert set(DECISIONS) == {decision.value for decision in Decision}
