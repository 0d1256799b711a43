"""Who may speak for a source, and where an event holds a value."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.services.choreography import Choreography, EventMeaning, Service, ServiceEvent
from airflow_wfstate.domain.rules.services.event_path import parse_event_path
from airflow_wfstate.exceptions import InvalidRequest

_PAID = {"paid": ServiceEvent("pay", EventMeaning.SUCCEEDED)}
_SHOP = Choreography(
    "$.data.id",
    services=(
        Service("all", ("https://shop.example", "urn:shop:"), (), _PAID),
        Service("payments", ("https://shop.example/payments",), (), _PAID),
    ),
)


@pytest.mark.parametrize(
    ("source", "service"),
    [
        ("https://shop.example", "all"),
        ("https://shop.example/", "all"),
        ("https://shop.example/payments", "payments"),
        ("https://shop.example/payments/eu", "payments"),
        ("https://shop.example/paymentsx", "all"),
        ("https://shop.example.evil.example/", None),
        ("https://shop.exampl", None),
        ("urn:shop:1", "all"),
        ("urn:shop", None),
        ("", None),
    ],
)
def test_the_longest_source_that_fits_decides_who_speaks(source: str, service: str | None) -> None:
    found = _SHOP.service_of(source)
    assert (None if found is None else found.name) == service
    assert (_SHOP.meaning_of(source, "paid") is None) == (service is None)
    assert _SHOP.meaning_of(source, "unknown") is None


_EVENT: JsonValue = {"data": {"id": 7, "a b": None, "it's": "x", "items": [{"n": 1}, {"n": 2}]}, "ü": True}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", (_EVENT,)),
        ("$.data.id", (7,)),
        ("$['data']['id']", (7,)),
        ('$.data["a b"]', (None,)),
        ("$.data['it\\'s']", ("x",)),
        ("$.data['\\u0069d']", (7,)),
        ("$.data.items[1].n", (2,)),
        ("$.data.items[-1].n", (2,)),
        ("$.data.items[2]", None),
        ("$.data.id.more", None),
        ("$.items[0]", None),
        ("$[0]", None),
        ("$.ü", (True,)),
    ],
)
def test_a_path_finds_one_value_or_none(path: str, found: tuple[JsonValue] | None) -> None:
    assert parse_event_path(path).find(_EVENT) == found


@pytest.mark.parametrize(
    "path",
    [
        *("", "data", "$data", "$.", "$..id", "$.*", "$[*]", "$[0:1]", "$[?@.a]", "$['a','b']", "$['a'", "$[01]"),
        *("$['\\x']", "$" + ".a" * 33, "$." + "a" * 250),
    ],
)
def test_a_path_of_several_values_or_of_none_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="path"):
        parse_event_path(path)
