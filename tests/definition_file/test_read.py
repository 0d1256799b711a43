"""Definition files: what they mean, and what is wrong with them, with the place of each error."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_wfstate.definition_file.document import MAX_CHARACTERS
from airflow_wfstate.definition_file.problem import Problem
from airflow_wfstate.definition_file.read import check_definition_file, read_definition_file
from airflow_wfstate.domain.rules.definition import NamedDefinition
from airflow_wfstate.domain.rules.services.choreography import EventMeaning, ServiceEvent, ServiceUndo
from airflow_wfstate.exceptions import InvalidDefinition

EXAMPLE = Path(__file__).with_name("example.yaml").read_text(encoding="utf-8")


def problems(text: str) -> list[Problem]:
    """The errors of a text."""
    checked = check_definition_file(text)
    assert not isinstance(checked, NamedDefinition), "nothing was found to be wrong"
    return checked


def told(text: str) -> list[str]:
    """The same in short: place and field of each."""
    return [f"{problem.line}:{problem.column} {problem.field}" for problem in problems(text)]


def test_the_example_of_the_design_means_what_it_says() -> None:
    named = read_definition_file(EXAMPLE)
    definition, choreography = named.definition, named.definition.choreography

    assert (named.name, definition.deadline_seconds, definition.participants) == (
        "order",
        3 * 86_400,
        ["order_fulfilment"],
    )
    assert choreography is not None
    assert (choreography.key, choreography.starts_on) == ("$.data.order_id", ("com.shop.order.placed",))
    (payments,) = choreography.services
    assert (payments.sources, payments.users, payments.steps) == (
        ("https://payments.example/",),
        ("svc-payments",),
        ("capture",),
    )
    assert payments.events["com.shop.payment.declined"] == ServiceEvent(
        "capture", EventMeaning.FAILED, error="$.data.reason"
    )
    assert choreography.undo_of("payments", "capture") == ServiceUndo("com.shop.payment.refund_requested", 3600)


def test_json_is_taken_too() -> None:
    assert (
        read_definition_file('{"name": "order", "plan": ["a"], "deadline": "PT90S"}').definition.deadline_seconds == 90
    )


def test_all_errors_are_told_at_once_each_at_its_place_with_what_is_allowed() -> None:
    text = """\
name: order
kye: $.data.id
on_failure: compensat
deadline: 3 days
plan: [payments.captur, a, a]
participants:
  payments:
    sources: ["https://payments.example/"]
    events:
      paid: {step: capture, is: succeeded, output: data}
      began: {step: capture, is: began, output: $.data}
      lost: {is: failed}
    compensate:
      capture: {send: refund, within: 1h}
"""
    found = problems(text)

    assert [(problem.line, problem.column, problem.field) for problem in found] == [
        (2, 1, "kye"),
        (3, 13, "on_failure"),
        (4, 11, "deadline"),
        (5, 7, "plan"),
        (5, 8, "plan[0]"),
        (10, 52, "participants.payments.events.paid.output"),
        (11, 34, "participants.payments.events.began.is"),
        (12, 7, "participants.payments.events.lost"),
        (14, 7, "participants.payments.compensate.capture"),
        (14, 39, "participants.payments.compensate.capture.within"),
    ]
    words = [str(problem) for problem in found]
    assert "Did you mean key? Allowed: name, key, starts_on," in words[0]
    assert words[1] == ("3:13: on_failure: This is 'compensat'. Did you mean compensate? Allowed: compensate, hold.")
    assert "such as P3D or PT1H30M" in words[2]
    assert "Did you mean capture?" in words[4]
    assert "Only an event that says succeeded can have output" in words[6]
    assert "'step' is missing" in words[7]
    assert "{step: capture, is: compensated}" in words[8]

    with pytest.raises(InvalidDefinition, match=r"The definition has 10 errors") as error:
        read_definition_file(text)
    assert all(line in error.value.reason.splitlines() for line in words)


@pytest.mark.parametrize(
    ("text", "place", "complaint"),
    [
        ("", "1:1 ", "empty"),
        ("name: order\nname: other\n", "2:1 name", "already given in line 1"),
        ("name: order\nplan: &all [a]\n", "2:7 plan", "anchor &all"),
        ("name: order\nplan: *all\n", "2:7 plan", "alias"),
        ("name: !!python/object:os.system order\n", "1:7 name", "tag"),
        ("name: order\n---\nname: other\n", "2:1 ", "second document"),
        ("name: order\n? [a]\n: b\n", "2:3 ", "not a plain text"),
        ("name: order\ntrue: 1\n", "2:1 ", "not a plain text"),
        ("name: [order\n", "2:1 ", "not YAML"),
        ("name: order\n\tplan: [a]\n", "2:1 ", "not YAML"),
        ("name: order\nplan: ['\x07']\n", "2:9 ", "does not allow"),
        ("name: a/b\n", "1:7 name", "slash"),
        ("name: '..'\n", "1:7 name", "folder"),
        ("name: order\nstarts_on: [placed]\n", "2:1 starts_on", "needs key"),
        ("name: order\nkey: $..id\n", "2:6 key", "one value"),
        ("name: order\nredact: ['$.a[?@.b]']\n", "2:10 redact[0]", "filter"),
        ("name: order\nparticipants: {wms: {users: [a]}}\n", "2:22 participants.wms.users", "sources"),
        ("name: order\nparticipants: {'a[b]': {}}\n", "2:16 participants.a[b]", "brackets"),
        ("plan: [a]\n", "1:1 ", "'name' is missing"),
        ("[name, order]\n", "1:1 ", "This is a list"),
        ("name: order\nplan: [" + "x, " * 1001 + "y]", "2:7 plan", "At most 1000"),
    ],
)
def test_an_error_has_its_place(text: str, place: str, complaint: str) -> None:
    found = next(problem for problem in problems(text) if complaint in f"{problem.reason} {problem.remedy}")
    assert f"{found.line}:{found.column} {found.field}" == place


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 60_000, "- " * 100_000, "x" * (MAX_CHARACTERS + 1)])
def test_what_is_too_large_or_too_deep_is_refused_unread(text: str) -> None:
    (problem,) = problems(text)
    assert "At most" in problem.remedy


def test_each_field_that_needs_another_is_told_once() -> None:
    text = "name: order\nparticipants:\n  wms:\n    users: [a]\n    compensate: {}\n  erp:\n    events: {e: {}}\n"
    text += "  shop: {subscription: shop}\n"
    assert [str(problem).partition(": ")[2] for problem in problems(text)] == [
        "participants.wms.users: users needs sources. Give sources too.",
        "participants.wms.compensate: compensate needs sources. Give sources too.",
        "participants.erp.events: events needs sources. Give sources too.",
        "participants.erp.events.e: 'step' is missing. Give step, is.",
        "participants.erp.events.e: 'is' is missing. Give step, is.",
        "participants.shop.subscription: subscription needs compensate. Give compensate too.",
    ]


def test_two_services_do_not_speak_as_one_source() -> None:
    service = "{sources: [urn:a], events: {e: {step: s, is: began}}}"
    assert told(f"name: order\nparticipants:\n  b: {service}\n  c: {service}\n") == ["4:17 participants.c.sources[0]"]


def test_names_that_yaml_takes_for_something_else_stay_names() -> None:
    """Norway's ``no``, numbers and times of YAML 1.1 are plain texts here."""
    assert read_definition_file("name: no\nplan: [1e3, 12:30, 2026-01-01, off]\n") == read_definition_file(
        "name: 'no'\nplan: ['1e3', '12:30', '2026-01-01', 'off']\n"
    )
