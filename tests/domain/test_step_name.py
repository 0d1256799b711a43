"""Which steps a text can mean, and how to tell those steps apart."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.step_name import Place, StepName, distinct, find_called

AT_PLACE = StepName("mail", "send", place=Place("tell", is_needed=True))
ALONE_AT_PLACE = StepName("order.eu", "pack", place=Place("ship"))
IN_GROUP = StepName("order", "eu.pack")
ITEM = StepName("intake", "charge", "7")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mail[tell].send", [AT_PLACE]),
        ("mail.send", [AT_PLACE]),
        ("send", [AT_PLACE]),
        ("charge[7]", [ITEM]),
        ("order.eu[ship].pack", [ALONE_AT_PLACE]),
        ("eu.pack", [IN_GROUP]),
        ("order.eu.pack", [ALONE_AT_PLACE, IN_GROUP]),
        ("pack[7]", []),
    ],
)
def test_a_text_means_the_steps_that_are_shown_so(text: str, meant: list[StepName]) -> None:
    steps = [AT_PLACE, ALONE_AT_PLACE, IN_GROUP, ITEM]
    assert find_called(steps, text, lambda name: name, with_item=True) == meant


def test_equal_names_are_told_apart_by_ids() -> None:
    named = [("order.eu.pack", "id-1"), ("order.ship", "id-2"), ("order.eu.pack", "id-3")]
    assert distinct(named) == "order.eu.pack by its id (id-1 or id-3), order.ship"
