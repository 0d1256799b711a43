"""What a step returns, what its other process writes, and what it leaves besides: correct, or reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import INVOICE, JOB, MODEL, PRICES

pytestmark = pytest.mark.live


def test_nobody_gets_another_value_than_was_returned(histories: Histories) -> None:
    histories.run_ended(PRICES, "failed")

    for task_id in ("prices", "statistics"):
        assert histories.task_is(PRICES, task_id, "failed"), "as in plain Airflow, whose XCom does not hold a NaN"
    assert histories.outside.effects(PRICES.key) == []


def test_writes_of_another_process_do_not_cost_the_step_its_success(histories: Histories) -> None:
    histories.run_ended(MODEL, "success")

    workflow = histories.ended(MODEL, "succeeded")
    (step,) = workflow["steps"]
    assert (step["state"], step["output"]["text"]) == ("succeeded", '"model"')
    (trained,) = histories.outside.effects(MODEL.key)
    saved = {checkpoint["name"] for checkpoint in step["checkpoints"]}
    assert "trained" in saved
    assert ("epoch" in saved) == (trained["exit_code"] == 0), "what was not refused is kept"


def test_a_second_run_gets_and_tells_what_a_step_left_besides_its_output(histories: Histories) -> None:
    histories.run_ended(INVOICE, "success")
    second = replace(INVOICE, number=2)
    histories.trigger(second)
    histories.run_ended(second, "success")

    effects = histories.outside.effects(INVOICE.key)
    assert [effect["what"] for effect in effects].count("invoice") == 1
    told = [effect["number"] for effect in effects if effect["what"] == "tell"]
    assert told == [f"inv-{INVOICE.key}"] * 2
    histories.wait_for("both events to be booked", lambda: len(histories.outside.done("ledger")) == 2)
    assert {effect["number"] for effect in histories.outside.effects("ledger")} == {f"inv-{INVOICE.key}"}


def test_a_new_generation_submits_a_job_of_its_own(histories: Histories) -> None:
    if not histories.client.has_dag(JOB.dag_id):
        pytest.skip("Airflow has resumable jobs since 3.3")
    histories.run_ended(JOB, "failed")
    histories.ended(JOB, "compensated")
    assert histories.outside.done(JOB.key) == ["submit", "discard"]

    histories.outside.allow(JOB.key, "use")
    histories.client.clear(JOB.dag_id, JOB.run_id)

    histories.ended(JOB, "succeeded", generation=2)
    assert histories.outside.done(JOB.key) == ["submit", "discard", "submit"]
