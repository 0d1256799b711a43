"""What a name may be, and what becomes of free text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.names import MAX_NAME_LENGTH, check_name, storable_text
from airflow_wfstate.exceptions import InvalidName


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=MAX_NAME_LENGTH))
def test_plain_text_is_a_name(value: str) -> None:
    assert check_name("key", value) == value


@pytest.mark.parametrize("value", ["", "  ", "a" * 251, "a\x00", "a\n", "\x7f", "\ud800", 7, None])
def test_what_is_no_name_is_refused_with_the_kind(value: object) -> None:
    with pytest.raises(InvalidName, match="The workflow key"):
        check_name("workflow key", value)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_storable(text: str) -> None:
    stored = storable_text(text)

    assert "\x00" not in stored
    stored.encode("utf-8")
