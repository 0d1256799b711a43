"""Redaction sees through what the codec wraps: paths and sensitive names refer to the author's value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
import pytest
from airflow.sdk import serde
from pydantic import BaseModel, ConfigDict, Field

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.redaction import MASK, masked, masked_value


@dataclass
class Card:
    number: str
    cvc: str
    tags: tuple[object, ...] = ()


class Customer(BaseModel):
    name: str
    card: dict[str, str]


CARD = {"cvc": "918", "number": "4111"}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"items": [CARD]}, "$.items[*].cvc"),
        ({"items": (CARD,)}, "$.items[*].cvc"),
        ({"items": (CARD,)}, "$.items[0].cvc"),
        ({"items": (CARD,)}, "$.items[-1:].cvc"),
        ({"items": (CARD,)}, "items[*].cvc"),
        ({"items": ((CARD,), 1)}, "$.items[0][0].cvc"),
        ({"orders": {1: CARD}}, "$.orders.*.cvc"),
        ({"orders": {1: CARD}}, "$.orders['1'].cvc"),
        ({"orders": {("eu", 1): CARD}}, "$.orders.*.cvc"),
        ({"orders": {1: (CARD,)}}, "$..cvc"),
        ({1: 2, "cvc": "918", "number": "4111"}, "cvc"),
        (Card("4111", "918"), "$.cvc"),
        ({"card": Card("4111", "918")}, "$.card.cvc"),
        (Card("4111", "0", tags=(CARD,)), "$.tags[*].cvc"),
        (Customer(name="Ada", card=CARD), "$.card.cvc"),
        ([Customer(name="Ada", card=CARD)], "$[0].card.cvc"),
    ],
)
def test_a_path_finds_its_value_inside_of_what_is_wrapped(value: object, path: str) -> None:
    shown = masked(encode(value), [path])

    assert "918" not in shown.text
    assert "4111" in shown.text
    assert shown.is_masked


@pytest.mark.parametrize(
    "value",
    [
        {1: 2, "password": "hunter2"},
        {"password": ("hunter2", {"of": "hunter2"})},
        {"password": {1: "hunter2"}},
        {"tokens": {("a", 1): "hunter2"}},
        (((((({"password": "hunter2"},),),),),),),
    ],
)
def test_a_sensitive_name_hides_texts_however_they_are_wrapped(value: object) -> None:
    assert "hunter2" not in masked(encode(value)).text


class Account(NamedTuple):
    iban: str
    limit: int
    password: str = "hunter2"


@pytest.mark.parametrize("path", ["iban", "$.account.iban", "$..iban", "$.account[0]", "$.account[-3]", "$.*.iban"])
def test_a_field_of_a_named_tuple_is_found_by_its_name_and_by_its_place(path: str) -> None:
    payload = encode({"account": Account("DE02", 7)})

    shown = masked(payload, [path]).text
    assert "DE02" not in shown
    assert "hunter2" not in shown
    assert '"***",7,"***"' in shown
    assert decode(payload) == {"account": ("DE02", 7, "hunter2")}


@dataclass
class Holder:
    accounts: Any


class Owner(BaseModel):
    accounts: Any = Field(alias="boundAccounts", serialization_alias="boundAccounts")
    model_config = ConfigDict(serialize_by_alias=True)


@attrs.define
class Keeper:
    accounts: Any


_ACCOUNT = Account("DE02", 7)


@pytest.mark.parametrize(
    "accounts", [_ACCOUNT, [_ACCOUNT], (_ACCOUNT,), {"main": _ACCOUNT}, {"all": [{7: (_ACCOUNT,)}]}]
)
@pytest.mark.parametrize(
    "kept",
    [
        Holder,
        lambda accounts: [Holder([Holder(accounts)])],
        lambda accounts: Owner(boundAccounts=accounts),
        Keeper,
        lambda accounts: Holder(Owner(boundAccounts=[accounts])),
    ],
    ids=["dataclass", "nested dataclass", "pydantic", "attrs", "pydantic in a dataclass"],
)
def test_a_field_of_a_named_tuple_is_found_in_what_airflow_serialises(kept: Any, accounts: object) -> None:
    payload = encode(kept(accounts))

    shown = masked(payload, ["iban"]).text
    assert "DE02" in payload.text
    assert "DE02" not in shown
    assert "hunter2" not in shown


def test_a_named_tuple_in_a_dataclass_is_read_as_a_tuple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES", "tests.*")
    serde._get_patterns.cache_clear()
    serde._get_regexp_patterns.cache_clear()
    try:
        assert decode(encode(Holder([_ACCOUNT]))) == Holder([("DE02", 7, "hunter2")])
        assert decode(encode(Owner(boundAccounts=_ACCOUNT))) == Owner(boundAccounts=("DE02", 7, "hunter2"))
    finally:
        serde._get_patterns.cache_clear()
        serde._get_regexp_patterns.cache_clear()


def test_a_sensitive_name_hides_at_any_depth() -> None:
    deep: Any = {"password": "hunter2"}
    for _ in range(20):
        deep = {"a": [deep]}

    assert "hunter2" not in masked(encode(deep)).text


def test_what_wraps_a_value_stays_readable() -> None:
    value = {"when": datetime(2026, 3, 1, tzinfo=timezone.utc), "sums": (Decimal("1.10"), "seven")}
    payload = encode(value)

    assert masked(payload, ["$.when.*", "at", "$.sums.__data__", "builtins.tuple"]) is payload
    assert (
        '"__classname__":"builtins.tuple","__version__":1,"__data__":[{"__classname__"'
        in masked(payload, ["$.sums[1]"]).text
    )


def test_a_wrapper_that_is_not_one_hides_as_an_ordinary_object_does() -> None:
    forged: JsonValue = [
        {"__classname__": ["x"], "__data__": 1, "cvc": "918"},
        {"__classname__": "wfstate.dict", "items": [["cvc", "918", 1], "918", {"cvc": "918"}]},
        {"__classname__": "wfstate.datetime", "at": {"cvc": "918"}},
        {"__classname__": {"cvc": "918"}},
    ]

    shown = masked_value(forged, ["cvc"])

    assert shown == [
        {"__classname__": ["x"], "__data__": 1, "cvc": MASK},
        {"__classname__": "wfstate.dict", "items": [["cvc", "918", 1], "918", {"cvc": MASK}]},
        {"__classname__": "wfstate.datetime", "at": {"cvc": MASK}},
        {"__classname__": {"cvc": MASK}},
    ]
