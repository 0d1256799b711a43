"""Runs that Airflow calls a success although the work is not done, and workflows with nothing to undo."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import CLUSTER, CUT_SHORT, EMPTY, FAIL_FAST, NOTHING_TO_UNDO, REJECTED

pytestmark = pytest.mark.live


def test_fail_fast_is_a_failure_and_what_was_at_work_is_undone_too(histories: Histories) -> None:
    outside = histories.outside
    histories.wait_for("both steps to be at work", lambda: "slow begins" in outside.done(FAIL_FAST.key))
    histories.wait_for("the other one, too", lambda: outside.hangs(FAIL_FAST.key, "fail"))
    outside.allow(FAIL_FAST.key, "fail")

    histories.wait_for("the undo", lambda: histories.swept_to(FAIL_FAST, "compensated"))

    assert outside.done(FAIL_FAST.key) == ["reserve", "slow begins", "undo slow", "undo reserve"]


def test_a_run_whose_complete_is_skipped_ends_as_its_start_says(histories: Histories) -> None:
    histories.ended(CUT_SHORT["complete"], "succeeded")
    assert histories.outside.done("cut-short-complete") == ["reserve"]

    histories.ended(CUT_SHORT["compensate"], "compensated")
    assert histories.outside.done("cut-short-compensate") == ["reserve", "undo reserve"]

    histories.run_ended(CUT_SHORT["hold"], "success")
    held = histories.wait_for("it to be flagged", lambda: histories.swept_to(CUT_SHORT["hold"], flagged=True))
    assert histories.outside.done("cut-short-hold") == ["reserve"]
    advice = " ".join(f"{flag['cause']} {flag['command']}" for flag in held["summary"]["flags"])
    assert "undo" in advice
    assert "discard" in advice


def test_what_was_done_before_a_person_rejected_the_rest_is_undone(histories: Histories) -> None:
    histories.wait_for("the question", lambda: histories.task_is(REJECTED, "approve", "awaiting_input"))

    histories.client.answer(REJECTED.dag_id, REJECTED.run_id, "approve", "Reject")

    histories.ended(REJECTED, "compensated")
    assert histories.outside.done(REJECTED.key) == ["reserve", "undo reserve"]


def test_with_nothing_to_pay_the_workflow_ends(histories: Histories) -> None:
    histories.run_ended(EMPTY, "success")
    histories.wait_for("it to succeed", lambda: histories.swept_to(EMPTY, "succeeded"))
    assert histories.outside.done(EMPTY.key) == []


def test_nothing_to_undo_is_an_end_and_the_key_is_free(histories: Histories) -> None:
    histories.run_ended(NOTHING_TO_UNDO, "failed")
    first = histories.ended(NOTHING_TO_UNDO, "compensated")
    assert "the bank is closed" in first["summary"]["error"]
    assert "nothing to undo" in str([entry["data"] for entry in histories.journal(first)])

    again = replace(NOTHING_TO_UNDO, number=2)
    histories.trigger(again)

    histories.run_ended(again, "success")
    histories.ended(again, "succeeded", generation=2)
    assert histories.outside.done(NOTHING_TO_UNDO.key) == ["connect"]


def test_a_teardown_acts_although_the_workflow_has_failed_and_again_when_it_goes_on(histories: Histories) -> None:
    histories.run_ended(CLUSTER, "failed")
    failed = histories.ended(CLUSTER, "failed")
    assert histories.outside.done(CLUSTER.key) == ["make cluster", "work", "drop cluster"]

    histories.outside.allow(CLUSTER.key, "work")
    histories.client.clear(CLUSTER.dag_id, CLUSTER.run_id, ["make_cluster", "work", "drop_cluster", "complete"])

    histories.ended(CLUSTER, "succeeded")
    histories.run_ended(CLUSTER, "success")
    assert histories.outside.done(CLUSTER.key)[3:] == ["make cluster", "work", "drop cluster"]
    assert histories.generation(CLUSTER)["summary"]["id"] == failed["summary"]["id"]
