"""Acceptance: the demo's DAGs under a live scheduler, with the demo's own proofs."""

from __future__ import annotations

import pytest

from demo.scenarios import killed_half_way, order_across_two_dags, shipping_fails, submitted_again
from demo.stage import Stage

pytestmark = pytest.mark.live


def test_an_order_succeeds_across_two_dags_and_is_not_done_again(stage: Stage) -> None:
    order_across_two_dags(stage)
    submitted_again(stage)


def test_what_was_done_in_both_dags_is_undone_in_reverse_order(stage: Stage) -> None:
    shipping_fails(stage)


def test_a_killed_step_goes_on_from_its_checkpoint(stage: Stage) -> None:
    killed_half_way(stage)
