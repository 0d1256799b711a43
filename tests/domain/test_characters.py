"""Anybody's text is shown so that it does no harm to the terminal, the page or the reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.text.characters import BIDI_CONTROLS, is_invisible, shown_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("order 7, naïve, 日本, שלום", "order 7, naïve, 日本, שלום"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", r"\x1b]8;;https://evil.example\x07click\x1b]8;;\x07"),
        ("paid\u202elon\u202c", r"paid\u202elon\u202c"),
        ("a\u200bb\ufeff\u2060", r"a\u200bb\ufeff\u2060"),
        ("a\u2028b", r"a\u2028b"),
        ("\u3164", r"\u3164"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("👩\u200d🔧 می\u200cروم ❤\ufe0f", "👩\u200d🔧 می\u200cروم ❤\ufe0f"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert shown_text(text) == shown


def test_line_breaks_stay_where_lines_are_shown() -> None:
    assert shown_text("a\n\x1b[2Jb", keep="\n") == "a\n\\x1b[2Jb"


@given(st.text(st.characters(exclude_categories=())))
def test_no_shown_text_has_a_control_or_turns_the_direction(text: str) -> None:
    shown = shown_text(text)

    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or one in BIDI_CONTROLS]
    shown.encode("utf-8")
    assert shown_text(shown) == shown


@pytest.mark.parametrize("text", ["\u200b\u200d", "\u3164", "\u2800 ", "\u00a0", "\ufe0f", "\U000e0100", "\u180b"])
def test_text_that_shows_nothing_is_invisible(text: str) -> None:
    assert is_invisible(text)


@pytest.mark.parametrize("text", ["a\u200b", "❤\ufe0f", "\u0301", "."])
def test_text_that_shows_something_is_not(text: str) -> None:
    assert not is_invisible(text)
