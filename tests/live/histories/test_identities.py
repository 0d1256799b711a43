"""A collision is not a repetition: one DAG at several places, keys that look like numbers, runs that come twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import LETTERS, LOST_LETTERS, PAIRS, RELEASES

pytestmark = pytest.mark.live

_TEXTS = ["we have your order", "it is on its way", "rate us, Anna", "rate us, Bert"]


def test_a_dag_that_is_called_at_two_places_and_for_two_items_acts_each_time(histories: Histories) -> None:
    histories.ended(LETTERS, "succeeded")

    posted = [effect for effect in histories.outside.effects(LETTERS.key) if effect["what"] == "post"]
    assert sorted(letter["text"] for letter in posted) == sorted(_TEXTS)
    assert len({letter["idempotency_key"] for letter in posted}) == 4


def test_what_was_done_at_each_place_is_undone_there(histories: Histories) -> None:
    workflow = histories.ended(LOST_LETTERS, "compensated")

    effects = histories.outside.effects(LOST_LETTERS.key)
    undone = [(effect["what"], effect["output"]) for effect in effects if effect["what"].startswith("undo")]
    assert sorted(undone[:2]) == [("undo post", "rate us, Anna"), ("undo post", "rate us, Bert")]
    assert undone[2:] == [
        ("undo post", "it is on its way"),
        ("undo pack", "parcel"),
        ("undo post", "we have your order"),
    ]
    names = histories.steps(workflow, "compensation.done")
    assert len(set(names)) == 5, "each says at which place it stands"


def test_a_key_that_looks_like_a_number_stays_as_it_is_written(histories: Histories) -> None:
    for run in RELEASES:
        workflow = histories.ended(run, "succeeded")
        assert workflow["summary"]["correlation_id"] == run.key
        assert workflow["summary"]["labels"] == {"version": run.key}
        keys = sorted(step["item_key"] for step in workflow["steps"])
        assert keys == ["1.10", "2.10"]
        assert sorted(effect["rack"] for effect in histories.outside.effects(run.key)) == [1, 2]


def test_of_ten_pairs_of_runs_at_once_every_run_ends_well_and_every_order_is_done_once(histories: Histories) -> None:
    for run in PAIRS:
        histories.run_ended(run, "success")

    for key in {run.key for run in PAIRS}:
        assert Counter(histories.outside.done(key)) == {"charge": 1, "ship": 1}
    for run in PAIRS[::2]:
        workflow = histories.ended(run, "succeeded")
        assert sorted(linked["role"] for linked in workflow["runs"]) == ["guest", "owner"]
