"""The line of an error that a list shows."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.text.error_line import MAX_ERROR_LINE, error_line

_FRAMES = 'Traceback (most recent call last):\n  File "bank.py", line 3, in charge\n    raise Declined\n'


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("ValueError: card declined", "ValueError: card declined"),
        ("ValueError: card declined\nwhile charging order 7", "ValueError: card declined"),
        ("\n  no money \n", "no money"),
        (f"{_FRAMES}bank.Declined: card declined\nsee the bank's log\n", "bank.Declined: card declined"),
        (f"Step charge failed: {_FRAMES}ValueError: card declined", "ValueError: card declined"),
        (
            f"{_FRAMES}OSError: reset\n\nDuring handling of the above exception, another exception occurred:\n\n"
            f"{_FRAMES}ValueError: card declined",
            "ValueError: card declined",
        ),
        ("Traceback (most recent call last):\n  cut off", "Traceback (most recent call last):"),
        (" \n ", ""),
    ],
)
def test_the_line_that_says_what_went_wrong(error: str, line: str) -> None:
    assert error_line(error) == line


def test_a_long_line_is_cut_and_says_so() -> None:
    assert error_line("x" * MAX_ERROR_LINE) == "x" * MAX_ERROR_LINE
    cut = error_line("x" * 10_000)
    assert (len(cut), cut[-2:]) == (MAX_ERROR_LINE, "x…")
