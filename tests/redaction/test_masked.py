"""What users see of values that hold secrets."""

from __future__ import annotations

import json

import pytest
from airflow.sdk.log import mask_secret
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import MASK, check_paths, masked, masked_text, masked_value

ORDER: JsonValue = {
    "card_number": "4111",
    "customer": {"name": "Ada", "address": {"street": "Main St"}},
    "items": [{"sku": "a", "cvc": 1}, {"sku": "b", "cvc": 2}],
}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("card_number", {**ORDER, "card_number": MASK}),
        ("$.card_number", {**ORDER, "card_number": MASK}),
        ("$.customer.address", {**ORDER, "customer": {"name": "Ada", "address": MASK}}),
        ("street", {**ORDER, "customer": {"name": "Ada", "address": {"street": MASK}}}),
        ("items[*].cvc", {**ORDER, "items": [{"sku": "a", "cvc": MASK}, {"sku": "b", "cvc": MASK}]}),
        ("items[1]", {**ORDER, "items": [{"sku": "a", "cvc": 1}, MASK]}),
        ("['card_number']", {**ORDER, "card_number": MASK}),
        ("$", MASK),
        ("$.nothing.of.it", ORDER),
    ],
)
def test_a_path_hides_what_it_names(path: str, shown: JsonValue) -> None:
    assert masked_value(ORDER, [path]) == shown


def test_an_outer_and_an_inner_path_go_together() -> None:
    assert masked_value({"a": {"b": {"c": 1}}}, ["$.a.b.c", "$.a"]) == {"a": MASK}


def test_a_value_that_is_kept_under_a_redacted_name_is_hidden_as_a_whole() -> None:
    assert masked_value("4111", ["card_number"], name="card_number") == MASK
    assert masked_value("4111", ["card_number"], name="batch") == "4111"


def test_the_values_of_sensitive_names_are_hidden_without_being_told() -> None:
    assert masked_value({"db": {"password": "p4ss", "user": "ada"}}) == {"db": {"password": MASK, "user": "ada"}}
    assert masked_value("p4ss", name="password") == MASK


def test_what_airflow_was_told_to_mask_is_hidden_wherever_it_stands() -> None:
    mask_secret("swordfish-of-the-day")
    assert masked_text("login with swordfish-of-the-day failed") == "login with *** failed"
    assert masked_value(["swordfish-of-the-day"]) == [MASK]


def test_a_masked_payload_keeps_size_and_hash_of_what_is_stored() -> None:
    stored = Payload.of(ORDER)
    shown = masked(stored, ["card_number"])
    assert shown.is_masked
    assert (shown.size, shown.sha256, shown.type) == (stored.size, stored.sha256, stored.type)
    assert shown.value() == {**ORDER, "card_number": MASK}  # type: ignore[dict-item]  # it is a dict


def test_a_payload_with_nothing_to_hide_is_the_same() -> None:
    stored = Payload.of(ORDER)
    assert masked(stored, ["iban"]) is stored


@pytest.mark.parametrize(
    "path", ["", "a b", "$.a[?@.b == 1]", "$..a..b..c", "a..b", "x" * 251, "a\n", "$.a | $.b", "$.a[?match(@.b, 'x')]"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="in redact"):
        check_paths([path])


def test_a_text_in_place_of_a_list_and_too_many_paths_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        check_paths("card_number")
    with pytest.raises(InvalidRequest):
        check_paths(["a"] * 21)


@pytest.mark.parametrize("text", ["[", '{"iban": "DE02"}', "", '["iban"]'])
def test_a_text_is_a_value_and_never_a_document(text: str) -> None:
    assert masked_value(text, ["iban", "$.iban", "$[0]", "$..iban", "$.*"]) == text
    assert masked_value(text, ["$"]) == MASK


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("iban"), inner),
    max_leaves=20,
)


@given(_VALUES, st.lists(st.sampled_from(["iban", "$[0]", "$.*", "$..iban", "[1].iban", "$"]), max_size=3))
def test_nothing_is_left_under_a_redacted_name_and_no_value_is_too_strange(value: JsonValue, paths: list[str]) -> None:
    shown = masked_value(value, ["iban", *paths])
    assert not [found for found in _under("iban", shown) if found != MASK]
    json.dumps(shown)


def _under(name: str, value: JsonValue) -> list[JsonValue]:
    if isinstance(value, list):
        return [found for item in value for found in _under(name, item)]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in ([item] if key == name else _under(name, item))]
    return []
