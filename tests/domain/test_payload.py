"""Payloads come back as they went in, and contain exactly what was hashed."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.payload import JsonValue, Payload, canonical_json
from airflow_wfstate.exceptions import InvalidPayload

TEXT = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["$numberDouble", "$literal", "a", ""]) | TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)


def _same(one: JsonValue, other: JsonValue) -> bool:
    return repr(one) == repr(other)


@given(VALUES)
def test_every_json_value_survives(value: JsonValue) -> None:
    payload = Payload.of(value)

    assert _same(payload.value(), value)
    assert payload.text.isascii()
    assert payload.size == len(payload.text.encode())
    assert payload.sha256 == hashlib.sha256(payload.text.encode()).hexdigest()


@given(VALUES)
def test_the_text_is_json_for_everyone(value: JsonValue) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    json.loads(canonical_json(value), parse_constant=refuse)


def test_special_numbers_and_what_looks_like_them() -> None:
    assert canonical_json(float("nan")) == '{"$numberDouble":"NaN"}'
    assert canonical_json({"$numberDouble": "NaN"}) == '{"$literal":{"$numberDouble":"NaN"}}'
    assert math.copysign(1, Payload.of(-0.0).value()) == -1  # type: ignore[arg-type]  # it is the float again


def test_the_order_of_keys_is_kept_unless_meaning_is_compared() -> None:
    assert canonical_json({"b": 1, "a": 2}) == '{"b":1,"a":2}'
    assert canonical_json({"b": 1, "a": 2}, sort_keys=True) == '{"a":2,"b":1}'


def test_a_changed_text_is_found_out() -> None:
    with pytest.raises(InvalidPayload, match="does not match its sha256"):
        replace(Payload.of("paid"), text='"free"').value()


@pytest.mark.parametrize("value", [object(), {1: "a"}, b"bytes", {"deep": [lambda: None]}])
def test_what_json_cannot_hold_is_refused_with_its_path(value: JsonValue) -> None:
    with pytest.raises(InvalidPayload, match=r"^value"):
        Payload.of(value)


def test_too_deep_is_refused() -> None:
    value: JsonValue = []
    for _ in range(200):
        value = [value]
    with pytest.raises(InvalidPayload, match="nests deeper than 100"):
        Payload.of(value)
