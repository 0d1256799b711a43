"""Recorded calls: each name is one call, and a second one of that name is refused, never answered."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.live.histories.conftest import Histories
from tests.live.histories.runs import PAYROLL, PAYROLL_OF_ONE_NAME

pytestmark = pytest.mark.live


def test_calls_of_an_asynchronous_step_are_made_once_over_its_attempts(histories: Histories) -> None:
    workflow = histories.ended(PAYROLL, "succeeded")

    assert Counter(histories.outside.done(PAYROLL.key)) == {"pay": 3, "fetch": 1, "greet": 1}
    (step,) = workflow["steps"]
    assert len(step["attempts"]) == 2
    assert json.loads(step["output"]["text"]) == {"paid": ["paid anna", "paid bert", "paid carl"], "rate": 19}


def test_one_name_for_several_calls_is_refused(histories: Histories) -> None:
    workflow = histories.ended(PAYROLL_OF_ONE_NAME, "failed")

    assert histories.outside.effects(PAYROLL_OF_ONE_NAME.key) == [{"what": "pay", "who": "anna"}]
    assert "pay" in workflow["summary"]["error"]
