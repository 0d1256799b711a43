"""What a name may be, and what happens to free text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.text.characters import BIDI_CONTROLS, is_invisible
from airflow_wfstate.domain.rules.text.names import MAX_NAME_LENGTH, check_name, check_step_name, storable_text
from airflow_wfstate.exceptions import InvalidName

_PLAIN = st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="".join(BIDI_CONTROLS))


@given(st.text(_PLAIN, min_size=1, max_size=MAX_NAME_LENGTH).filter(lambda text: not is_invisible(text)))
def test_plain_text_is_a_name(value: str) -> None:
    assert check_name("key", value) == value


@pytest.mark.parametrize("value", ["", "  ", "a" * 251, "a\x00", "a\n", "\x7f", "\ud800", 7, None])
def test_what_is_no_name_is_refused_with_the_kind(value: object) -> None:
    with pytest.raises(InvalidName, match="The workflow key"):
        check_name("workflow key", value)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("order\x1b[31m", "U+001B"),
        ("order\x85", "U+0085"),
        ("paid\u202elon", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("a\u2066b\u2069", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("a\u200f", "U+200F RIGHT-TO-LEFT MARK"),
        ("a\u2028b", "U+2028 LINE SEPARATOR"),
        ("\u200b\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u3164", "U+3164 HANGUL FILLER"),
    ],
)
def test_a_name_that_could_pass_for_another_is_refused_with_the_character(value: str, named: str) -> None:
    with pytest.raises(InvalidName, match=re.escape(named)) as refused:
        check_name("workflow key", value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("value", ["שלום", "Ünïcödé 日本", "👩\u200d🔧", "می\u200cروم"])
def test_a_name_in_any_script_is_a_name(value: str) -> None:
    assert check_name("workflow key", value) == value


@pytest.mark.parametrize("value", ["m[x]", "mail[tell_sent]", "m]"])
def test_a_step_name_that_could_pass_for_an_item_or_a_place_is_refused_with_the_way_to_rename_it(value: str) -> None:
    with pytest.raises(InvalidName, match=re.escape(f"was=[{value!r}]")):
        check_step_name(value)


def test_a_task_id_is_a_step_name() -> None:
    assert check_step_name("group.pack__1-2") == "group.pack__1-2"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_storable(text: str) -> None:
    stored = storable_text(text)

    assert "\x00" not in stored
    stored.encode("utf-8")
