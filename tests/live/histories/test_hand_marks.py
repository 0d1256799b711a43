"""Somebody marks a hanging task, or a whole run, as success: it is accepted, and nothing is undone."""

from __future__ import annotations

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import MARKED, MARKED_RUN

pytestmark = pytest.mark.live

_HANGS = {"running": "running", "rescheduled": "up_for_reschedule", "deferred": "deferred"}
"""The state of the task that hangs, by the name of its run."""


@pytest.mark.parametrize("kind", _HANGS)
def test_a_shipment_whose_hanging_task_is_marked_as_success_goes_on(histories: Histories, kind: str) -> None:
    run = MARKED[kind]
    histories.wait_for(f"customs to be {kind}", lambda: histories.task_is(run, "customs", _HANGS[kind]))
    if kind == "running":
        histories.wait_for("customs to be at work", lambda: histories.outside.hangs(run.key, "customs"))

    histories.client.accept_task(run.dag_id, run.run_id, "customs")

    histories.run_ended(run, "success")
    workflow = histories.ended(run, "succeeded")
    assert {step["name"]: step["state"] for step in workflow["steps"]} == {
        "pay": "succeeded",
        "customs": "skipped",
        "ship": "succeeded",
    }
    assert histories.outside.done(run.key) == ["pay", "ship"]


def test_a_run_that_is_marked_as_success_ends_its_workflow_with_what_was_done(histories: Histories) -> None:
    histories.wait_for("the step to hang", lambda: histories.outside.hangs(MARKED_RUN.key, "bank"))

    histories.client.accept_run(MARKED_RUN.dag_id, MARKED_RUN.run_id)

    histories.run_ended(MARKED_RUN, "success")
    histories.wait_for("the sweep to accept it", lambda: histories.swept_to(MARKED_RUN, "succeeded"))
    workflow = histories.ended(MARKED_RUN, "succeeded")
    states = {step["name"]: step["state"] for step in workflow["steps"]}
    assert (states["reserve"], states["wait_for_the_bank"]) == ("succeeded", "skipped")
    assert histories.outside.done(MARKED_RUN.key) == ["reserve"]
