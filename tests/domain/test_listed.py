"""Names in a sentence: only as many as a person reads."""

from __future__ import annotations

from airflow_wfstate.domain.rules.text.counted import listed


def test_a_few_names_are_all_told() -> None:
    assert listed(["pack", "ship"]) == "pack, ship"
    assert listed([f"item{number}" for number in range(20)]).endswith("item18, item19")


def test_of_many_the_first_are_told_and_how_many_more_there_are() -> None:
    assert listed([f"item{number}" for number in range(10_000)]).endswith("item18, item19 and 9980 more")
    assert listed({"a": 1, "b": 2, "c": 3}, most=2) == "a, b and 1 more"


def test_none_is_said() -> None:
    assert listed([]) == "none"
