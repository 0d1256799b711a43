"""Acceptance test: the demo's DAGs on a live scheduler, with the demo's own checks."""

from __future__ import annotations

import re

import pytest

from demo.scenarios import killed_half_way, order_across_two_dags, shipping_fails, submitted_again
from demo.stage import Stage

pytestmark = pytest.mark.live


def test_an_order_succeeds_across_two_dags_and_is_not_done_again(stage: Stage) -> None:
    read = stage.airflow.log_file.stat().st_size
    order_across_two_dags(stage)
    _check_requests(stage.airflow.log_file.read_bytes()[read:].decode(errors="replace"))
    submitted_again(stage)


def _check_requests(log: str) -> None:
    """A step only calls begin and end, and pushes its return value like any task. We push no XCom of our own."""
    posts = re.findall(r'(?:method=|")POST (?:path=)?(/[^\s?]+)', log)
    pushed = [tuple(path.split("/")[5:7]) for path in posts if path.startswith("/execution/xcoms/")]
    steps = ("reserve_stock", "charge_card", "pack", "ship")
    assert posts.count("/wfstate/v1/steps/begin") >= len(steps)
    assert {(task, "return_value") for task in steps} <= set(pushed)
    assert {task for task, key in pushed if key == "wfstate"} == {"start", "compensate", "complete"}
    assert not [key for _, key in pushed if key.startswith("_link")]


def test_what_was_done_in_both_dags_is_undone_in_reverse_order(stage: Stage) -> None:
    shipping_fails(stage)


def test_a_killed_step_goes_on_from_its_checkpoint(stage: Stage) -> None:
    killed_half_way(stage)
