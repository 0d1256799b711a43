"""Errors of one kind."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.text.error_kind import error_kind, shared_text


@pytest.mark.parametrize(
    "other",
    [
        "Step pay failed: order 7 of account 0f3a-22 has no money",
        "Step pay failed: order 1234 of account c91b-7d has no money",
    ],
)
def test_numbers_and_ids_make_no_difference(other: str) -> None:
    assert error_kind("Step pay failed: order 1 of account 11aa-2 has no money") == error_kind(other)


def test_words_do() -> None:
    assert error_kind("Step pay failed: no money") != error_kind("Step ship failed: no money")
    assert error_kind("decade") == "decade"


@pytest.mark.parametrize(
    ("error", "shared"),
    [
        ("Step pay failed: order 7 of account 0f3a-22 has no money", "Step pay failed: order"),
        ("no\nline of it is as long as this one", "line of it is as long as this one"),
        ("17", ""),
        ("", ""),
    ],
)
def test_the_longest_text_in_common_finds_them(error: str, shared: str) -> None:
    assert shared_text(error) == shared
