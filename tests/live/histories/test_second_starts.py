"""Runs that come a second time: with other params, after a rehearsal, and after a run of the day before."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import REHEARSED, UNTIL_NOW, Run

pytestmark = pytest.mark.live

_RACES = ("deadlock detected", "invalid_state", "is failed, not running")
"""What a rehearsal says when Airflow's own scheduler was in its way."""


def test_a_run_that_is_cleared_with_other_params_keeps_the_input_that_it_started_with(histories: Histories) -> None:
    histories.run_ended(UNTIL_NOW, "failed")
    failed = histories.ended(UNTIL_NOW, "failed")

    histories.outside.allow(UNTIL_NOW.key, "load")
    histories.client.clear(UNTIL_NOW.dag_id, UNTIL_NOW.run_id)

    workflow = histories.ended(UNTIL_NOW, "succeeded")
    histories.run_ended(UNTIL_NOW, "success")
    assert workflow["summary"]["id"] == failed["summary"]["id"]
    assert workflow["input"] == failed["input"]
    assert histories.outside.done(UNTIL_NOW.key) == ["load", "load"]
    log = histories.client.log(UNTIL_NOW.dag_id, UNTIL_NOW.run_id, "start", 2)
    assert "until" in log


def test_a_rehearsal_does_not_own_the_key(histories: Histories) -> None:
    conf = json.dumps({"key": REHEARSED.key})
    _rehearse(histories, conf)
    places = [effect["place"] for effect in histories.outside.effects(REHEARSED.key)]
    assert len(places) >= 3
    assert set(places) == {"rehearsal"}

    histories.trigger(REHEARSED)

    histories.run_ended(REHEARSED, "success")
    acted = [effect["what"] for effect in histories.outside.effects(REHEARSED.key) if effect["place"] == "shop"]
    assert sorted(acted) == ["charge", "each", "each"]
    roles = [
        run["role"]
        for found in histories.client.workflows(name=REHEARSED.workflow, key=REHEARSED.key)
        for run in histories.client.workflow(found["id"])["runs"]
        if run["run_id"] == REHEARSED.run_id
    ]
    assert roles == ["owner"]

    # And the other way round: a rehearsal with the key of a real run leaves that run's workflow alone.
    before = histories.journal(histories.newest(REHEARSED))
    _rehearse(histories, conf)
    assert histories.journal(histories.newest(REHEARSED))[: len(before)] == before


def _rehearse(histories: Histories, conf: str) -> None:
    """``airflow dags test``; again when Airflow's own scheduler is in its way: by a deadlock of Airflow's own tables,
    by running one of its tasks, which it takes for one of a run like any other, or by failing one, whose process gives
    no heartbeat.

    With a bundle's name, or it would also write every DAG anew, against the dag-processor.
    """
    for _ in range(3):
        tested = histories.stage.airflow.run(
            "dags", "test", REHEARSED.dag_id, "--conf", conf, "--bundle-name", "dags-folder"
        )
        told = tested.stdout + tested.stderr
        if tested.returncode == 0 or not any(race in told for race in _RACES):
            break
    assert tested.returncode == 0, (tested.stdout + tested.stderr)[-5000:]


def test_a_run_that_waits_for_the_day_before_says_so(histories: Histories) -> None:
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    first = Run("day_by_day", "second_starts", "day-1")
    second = replace(first, key="day-2")
    histories.trigger(first, logical_date=(today - timedelta(days=2)).isoformat())
    histories.run_ended(first, "failed")
    histories.trigger(second, logical_date=(today - timedelta(days=1)).isoformat())

    flagged = histories.wait_for("it to be flagged", lambda: histories.swept_to(second, "running", flagged=True))

    (flag,) = flagged["summary"]["flags"]
    assert "load" in flag["cause"]
    assert "depends_on_past" in flag["cause"]
    assert first.run_id in flag["cause"]
    for run in (first, second):
        histories.client.cancel(histories.newest(run)["summary"]["id"], reason="the test has seen enough")
