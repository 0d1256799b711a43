"""Undos of every kind run, each once, and an undo that is not understood never counts as done."""

from __future__ import annotations

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import UNDO_IN_A_HURRY, UNDO_OF_ALL_KINDS, UNDO_REFUSED

pytestmark = pytest.mark.live


def test_an_asynchronous_undo_a_list_of_operators_and_one_with_nothing_to_do(histories: Histories) -> None:
    workflow = histories.ended(UNDO_OF_ALL_KINDS, "compensated")

    effects = histories.outside.effects(UNDO_OF_ALL_KINDS.key)
    assert [effect["what"] for effect in effects] == ["charge", "forget", "release", "release", "release", "refund"]
    assert [effect["seat"] for effect in effects if effect["what"] == "release"] == [7, 8, 9]
    assert effects[-1]["output"] == {"charge": 4990}
    undone = {item["step_name"]: item["state"] for item in histories.compensations(workflow)}
    assert (undone["charge"], undone["reserve_seats"]) == ("done", "done")
    assert undone["note"] == "not_needed"


def test_an_undo_that_fails_for_good_is_not_tried_again(histories: Histories) -> None:
    workflow = histories.ended(UNDO_REFUSED, "compensation_failed")

    assert histories.outside.done(UNDO_REFUSED.key) == ["unsign"]
    (undo,) = histories.compensations(workflow)
    assert (undo["state"], undo["attempts"]) == ("failed", 1)
    assert "the contract is signed" in undo["error"]


def test_defaults_that_are_meant_for_tasks_do_not_kill_an_undo(histories: Histories) -> None:
    histories.ended(UNDO_IN_A_HURRY, "compensated")

    assert histories.outside.effects(UNDO_IN_A_HURRY.key) == [{"what": "slow undo", "attempt": 1}]
