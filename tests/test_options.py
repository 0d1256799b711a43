"""The options of ``[wfstate]``: a value that makes no sense is refused, with a sentence."""

from __future__ import annotations

import pytest

from airflow_wfstate import conf
from airflow_wfstate.exceptions import InvalidOption


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    for function in vars(conf).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("turn_interval_seconds", "0"),
        ("turn_interval_seconds", "nan"),
        ("turn_interval_seconds", "inf"),
        ("turn_interval_seconds", "soon"),
        ("sweep_interval_seconds", "-1"),
        ("sweep_interval_seconds", "1.5"),
        ("busy_poll_seconds", "0"),
        ("quiesce_seconds", "999999999999"),
        ("max_payload_bytes", "0"),
        ("max_attempts", "-1"),
        ("encrypt_payloads", "ture"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"AIRFLOW__WFSTATE__{name.upper()}", value)

    with pytest.raises(InvalidOption, match=rf"\[wfstate\] {name} is '{value}'\. Set it to "):
        conf.check_options()


def test_the_defaults_make_sense() -> None:
    conf.check_options()


def test_the_function_of_an_option_refuses_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS", "0")

    with pytest.raises(InvalidOption):
        conf.turn_interval()


def test_the_description_tells_the_range() -> None:
    assert conf.OPTIONS["turn_interval_seconds"]["description"].endswith("From 0.1 to 86400.")
