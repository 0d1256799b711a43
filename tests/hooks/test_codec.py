"""Values go into a payload and come back as they were."""

from __future__ import annotations

import dataclasses
import datetime
import math
import socket
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate import conf
from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import InvalidPayload, PayloadTooLarge

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        10**400,
        1e308,
        float("inf"),
        "",
        "\x00",
        "\ud800",
        {"$numberDouble": "NaN"},
        {"$literal": {"a": 1}},
        {"__type": "dict", "__var": 3},
        (1, (2, [3])),
        {1, 2},
        frozenset({"a"}),
        {1: "a", "1": "b", (1, None): "c"},
        Decimal("1.10"),
        Decimal("123456789012345678901234567890.123456789"),
        datetime.date(2026, 1, 2),
        datetime.timedelta(days=1, microseconds=3),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 678901),  # noqa: DTZ001  # a naive one must stay naive
        datetime.datetime.max,  # noqa: DTZ901  # as naive
        datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
        datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
        datetime.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
        pendulum.datetime(2026, 1, 2, tz="Europe/Berlin"),
    ],
)
def test_comes_back_as_it_was(value: object) -> None:
    back = decode(encode(value))
    assert back == value
    assert type(back) is type(value)
    if isinstance(value, datetime.datetime):
        assert isinstance(back, datetime.datetime)
        assert back.utcoffset() == value.utcoffset()


@pytest.mark.parametrize("value", [float("nan"), Decimal("NaN")])
def test_nan_survives(value: float | Decimal) -> None:
    back = decode(encode({"a": [value]}))
    assert isinstance(back, dict)
    assert math.isnan(back["a"][0])
    assert type(back["a"][0]) is type(value)


def test_the_sign_of_zero_survives() -> None:
    assert math.copysign(1, decode(encode(-0.0))) == -1  # type: ignore[arg-type]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.decimals(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_nested_value_comes_back(value: object) -> None:
    assert decode(encode(value)) == value


def test_equal_sets_and_sorted_inputs_have_equal_payloads() -> None:
    assert encode({"b", "a", "c"}) == encode({"c", "b", "a"})
    assert encode({"a": 1, "b": {2: 1, 1: 2}}, sort_keys=True) == encode({"b": {1: 2, 2: 1}, "a": 1}, sort_keys=True)


def test_a_live_socket_is_refused_by_its_place() -> None:
    with socket.socket() as live, pytest.raises(InvalidPayload, match=r"value\.orders\[1\] is of type socket\.socket"):
        encode({"orders": [1, live]})


def test_a_lambda_is_refused() -> None:
    with pytest.raises(InvalidPayload, match=r"value\[0\] is of type builtins\.function, which cannot be stored"):
        encode((lambda: 1,))


class Colour(Enum):
    RED = object()


class Basket:
    """A class that its author can extend."""


@dataclasses.dataclass
class Scan:
    """A class that Airflow serialises, if it does so with what is in it."""

    image: bytes


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Colour.RED, "Colour"),
        (b"x", "builtins.bytes"),
        (datetime.time(12), "datetime.time"),
        (Path("x"), "pathlib"),
        (1j, "builtins.complex"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_type_that_nobody_can_extend_has_only_the_remedy_that_helps(value: object, name: str) -> None:
    with pytest.raises(InvalidPayload) as caught:
        encode({"part": value})
    assert name in caught.value.reason
    assert caught.value.reason.startswith("value.part is of type ")
    assert caught.value.reason.endswith(", which cannot be stored.")
    assert caught.value.remedy.startswith("Return ")
    assert "serialize()" not in str(caught.value)


def test_a_class_of_an_extension_cannot_be_extended_either() -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(
        InvalidPayload, match=r"^value is of type numpy\.ndarray, which cannot be stored\. Return "
    ) as caught:
        encode(numpy.array([1]))
    assert "serialize()" not in str(caught.value)


@pytest.mark.parametrize(("value", "said"), [(Basket(), "Basket"), (Scan(b"x"), "<class 'bytes'>")])
def test_what_airflow_says_about_an_own_class_comes_last(value: object, said: str) -> None:
    with pytest.raises(InvalidPayload, match=r"which cannot be stored\. Return .*XCom\. Airflow says: ") as caught:
        encode([value])
    assert said in caught.value.remedy


def test_a_cycle_is_refused() -> None:
    cycle: dict[str, object] = {}
    cycle["self"] = [cycle]
    with pytest.raises(InvalidPayload, match=r"value\.self\[0\] contains itself"):
        encode(cycle)


def test_the_same_object_twice_is_no_cycle() -> None:
    shared = [1]
    assert decode(encode([shared, shared])) == [[1], [1]]


def test_what_nests_too_deeply_is_refused() -> None:
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(InvalidPayload, match="nests deeper than"):
        encode(deep)


def test_a_reserved_key_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="__classname__"):
        encode({"a": {"__classname__": "os.system"}})


def test_an_integer_of_more_digits_than_python_prints_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="digits"):
        encode({10**5000})


def test_an_unknown_class_is_named_with_the_option_that_allows_it() -> None:
    from tests.hooks.receipt import Receipt

    with pytest.raises(InvalidPayload, match="allowed_deserialization_classes"):
        decode(encode(Receipt(number=1)))


def test_a_class_of_a_dag_file_has_a_remedy_that_can_help() -> None:
    name = f"unusual_prefix_{'0' * 40}_orders.Money"
    stored = Payload.of({"__classname__": name, "__version__": 1, "__data__": {"cents": 1}})
    with pytest.raises(InvalidPayload) as caught:
        decode(stored)
    assert "importable module" in caught.value.remedy
    assert "allowed_deserialization_classes" not in caught.value.remedy


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """100 bytes; the limit is read once per process."""
    monkeypatch.setenv("AIRFLOW__WFSTATE__MAX_PAYLOAD_BYTES", "100")
    conf.max_payload_bytes.cache_clear()
    yield
    conf.max_payload_bytes.cache_clear()


@pytest.mark.usefixtures("small_limit")
def test_a_value_over_the_limit_is_refused() -> None:
    assert encode("x" * 98).size == 100
    with pytest.raises(PayloadTooLarge, match=r"takes 101 bytes; the limit is 100.*max_payload_bytes"):
        encode("x" * 99)


def test_the_type_is_the_python_type() -> None:
    assert encode((1,)).type == "tuple"
    assert encode(Decimal(1)).type == "Decimal"
