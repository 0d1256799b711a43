"""JSON is shown to people in their own script, and means the same value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.text.characters import shown_text
from airflow_wfstate.domain.rules.text.readable_json import readable_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'{"key":"Z\u00fcrich/7 \ud83d\ude00"}', '{"key":"Zürich/7 😀"}'),
        (r'"\u65E5\u672c"', '"日本"'),
        (r'"a\\u00fc \"\n\t\u001b\u0041"', r'"a\\u00fc \"\n\t\u001b\u0041"'),
        (r'"\\\u00fc"', r'"\\ü"'),
        (r'"\u202epaid\u200b\u2028\u3164\udb40\udc41"', r'"\u202epaid\u200b\u2028\u3164\udb40\udc41"'),
        (r'"\ud83d \ude00"', r'"\ud83d \ude00"'),
        ("[1.50, 1e400, 10000000000000000000001]", "[1.50, 1e400, 10000000000000000000001]"),
    ],
)
def test_only_escapes_of_readable_characters_are_replaced(text: str, shown: str) -> None:
    assert readable_json(text) == shown


@given(st.recursive(st.text(st.characters(exclude_categories=())), lambda inner: st.dictionaries(st.text(), inner)))
def test_it_means_the_same_value_and_harms_nobody(value: object) -> None:
    shown = readable_json(json.dumps(value))
    assert json.loads(shown) == value
    assert shown_text(shown) == shown
