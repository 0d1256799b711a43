"""The canonical form: equal definitions have equal texts, and what is written is read back unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_wfstate.definition_file.read import read_definition_file
from airflow_wfstate.definition_file.write import write_definition
from airflow_wfstate.domain.rules.definition import Definition, NamedDefinition, parse_definition
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, DeadlinePolicy, FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.services.choreography import (
    Choreography,
    EventMeaning,
    Service,
    ServiceEvent,
    ServiceUndo,
)
from tests.definition_file.test_read import EXAMPLE

# Texts that a YAML reader might take for something else are drawn more often than by chance.
_TEXTS = st.sampled_from(
    ["no", "null", "~", "1e3", "0x1", "true", "a: b", "# c", "- d", "é", "'", '"', "*a", "&b", "%"]
)
NAMES = _TEXTS | st.text("aZ09._-: #'\"é漢", min_size=1, max_size=12).filter(
    lambda text: text.strip() not in ("", ".", "..")
)
_PATHS = st.sampled_from(["$", "$.data", "$.data['a b']", '$["x"][0]'])
_SECONDS = st.integers(1, 10**8)


@st.composite
def _services(draw: st.DrawFn) -> tuple[Service, ...]:
    names = sorted(draw(st.lists(NAMES, unique=True, max_size=3)))
    sources = iter(draw(st.lists(NAMES, unique=True, min_size=len(names), max_size=len(names))))
    return tuple(_service(draw, name, next(sources)) for name in names)


def _service(draw: st.DrawFn, name: str, source: str) -> Service:
    steps = draw(st.lists(NAMES, unique=True, min_size=1, max_size=3))
    events = {f"undone {step}": ServiceEvent(step, EventMeaning.COMPENSATED) for step in steps}
    for event_type in draw(st.lists(NAMES, unique=True, max_size=3)):
        meaning = draw(st.sampled_from(EventMeaning))
        path = draw(st.none() | _PATHS)
        events[event_type] = ServiceEvent(
            steps[0],
            meaning,
            output=path if meaning is EventMeaning.SUCCEEDED else None,
            error=path if meaning is EventMeaning.FAILED else None,
        )
    undos = {step: ServiceUndo(draw(NAMES), draw(_SECONDS)) for step in draw(st.sets(st.sampled_from(steps)))}
    users = tuple(draw(st.lists(NAMES, unique=True, max_size=2)))
    subscription = draw(st.none() | NAMES.filter(lambda text: text != name)) if undos else None
    return Service(name, (source,), users, dict(sorted(events.items())), dict(sorted(undos.items())), subscription)


@st.composite
def definitions(draw: st.DrawFn) -> NamedDefinition:
    """Any definition that a file can declare."""
    services = draw(_services())
    key = draw(st.none() | _PATHS)
    starts_on = () if key is None else tuple(draw(st.lists(NAMES, unique=True, max_size=2)))
    taken = {service.name for service in services}
    return NamedDefinition(
        draw(NAMES),
        Definition(
            plan=[f"step {entry}" for entry in draw(st.lists(NAMES, unique=True, max_size=4))],
            participants=sorted(set(draw(st.lists(NAMES, max_size=3))) - taken),
            on_failure=draw(st.sampled_from(FailurePolicy)),
            deadline_seconds=draw(st.none() | _SECONDS),
            on_deadline=draw(st.sampled_from(DeadlinePolicy)),
            on_compensation_error=draw(st.sampled_from(CompensationErrorPolicy)),
            redact=tuple(draw(st.lists(st.sampled_from(["card", "$.a.b", "$..c"]), unique=True))),
            on_skip=draw(st.sampled_from(SkipPolicy)),
            choreography=Choreography(key, starts_on, services) if services or key else None,
        ),
    )


@settings(max_examples=50, deadline=None)
@given(definitions())
def test_what_is_written_is_read_again_as_it_was(named: NamedDefinition) -> None:
    text = write_definition(named)
    assert read_definition_file(text) == named
    assert write_definition(read_definition_file(text)) == text


@settings(max_examples=50, deadline=None)
@given(definitions())
def test_what_is_stored_is_read_again_as_it_was(named: NamedDefinition) -> None:
    assert parse_definition(named.definition.content()) == named.definition


def test_order_comments_and_defaults_do_not_make_another_definition() -> None:
    shuffled = """\
participants:
  payments:
    compensate: {capture: {within: PT60M, send: com.shop.payment.refund_requested}}
    events:
      com.shop.payment.refunded: {is: compensated, step: capture}
      com.shop.payment.declined: {is: failed, step: capture, error: $.data.reason}
      com.shop.payment.captured: {is: succeeded, step: capture, output: $.data}
      com.shop.payment.authorised: {is: began, step: capture}
    users: [svc-payments]
    sources: ["https://payments.example/"]
  order_fulfilment: {}
on_skip: hold
deadline: PT72H
plan:
  - shop.place
  - payments.capture
  - order_fulfilment.pack
  - carrier.deliver
starts_on: [com.shop.order.placed]
key: $.data.order_id
name: order
"""
    assert read_definition_file(shuffled) == read_definition_file(EXAMPLE)


def test_a_definition_without_services_keeps_the_hash_that_it_had() -> None:
    """From before revision 0014; workflows refer to it."""
    definition = Definition(plan=["a", "b"], participants=["intake"], deadline_seconds=60)
    assert definition.sha256() == "5fd6f1d92860ba59ca58dc4fb782a6573f4ea930ca20b317016677dc242b4c0e"
    assert replace(definition, choreography=Choreography("$.id")).sha256() != definition.sha256()


@pytest.mark.parametrize(("seconds", "text"), [(1, "PT1S"), (5400, "PT1H30M"), (129_600, "P1DT12H"), (604_800, "P7D")])
def test_durations_are_written_in_their_largest_units(seconds: int, text: str) -> None:
    assert f"deadline: {text}\n" in write_definition(NamedDefinition("order", Definition(deadline_seconds=seconds)))
