"""Events of services: each counts once, however and in whatever order they come."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.event import ListEvents, Verdict
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from tests.support.services import Shop
from tests.support.world import World

# An event that is sent again because its answer was lost is a duplicate: see test_services_and_dags.py.
pytestmark = pytest.mark.first_answer


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend).apply()


def test_a_workflow_of_services_alone_starts_goes_on_and_succeeds(world: World, shop: Shop) -> None:
    first, second, third, fourth = shop.send(
        shop.placed("1"),
        shop.event("payments", "authorised", "1"),
        shop.event("payments", "captured", "1", {"amount": 30}),
        shop.event("carrier", "delivered", "1"),
    )

    assert {result.verdict for result in (first, second, third, fourth)} == {Verdict.APPLIED}
    assert (third.step, third.reason) == ("payments.capture", None)
    detail = shop.find("1")
    assert detail.summary.id == first.workflow_id
    assert detail.summary.state is WorkflowState.SUCCEEDED
    assert (detail.progress.done, detail.runs, detail.not_reached) == (shop.plan, [], [])
    assert detail.input is not None
    assert detail.input.value() == {"order_id": "1", "total": 30}
    outputs = {step.name: step.output.value() if step.output else None for step in detail.steps}
    assert outputs == {"place": {"order_id": "1", "total": 30}, "capture": 30, "deliver": None}
    assert world.told(detail.summary.id) == [
        "workflow.started",
        "step.succeeded shop.place",
        "step.began payments.capture",
        "step.succeeded payments.capture",
        "step.succeeded carrier.deliver",
        "workflow.succeeded",
    ]


def test_the_journal_names_the_event_and_holds_no_data(world: World, shop: Shop) -> None:
    placed = shop.placed("1")
    (result,) = shop.send(placed)

    started, succeeded = world.journal(str(result.workflow_id))

    told = {"source": placed["source"], "id": placed["id"], "type": "placed"}
    assert (started.data["event"], succeeded.data["event"]) == (told, told)
    assert started.sentence == f"The workflow started by an event of {placed['source']}."
    assert "30" not in str(succeeded.data["output"])[:20]
    assert started.actor in ("cli:unknown", "user:admin")


def test_the_journal_keeps_what_an_event_follows_from(world: World, shop: Shop) -> None:
    trace = {"causationid": "order-1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "vendor=1"}
    (result,) = shop.send(shop.placed("1", **trace, comexampleother="kept with the event alone"))

    (_, succeeded) = world.journal(str(result.workflow_id))
    event = succeeded.data["event"]
    assert isinstance(event, dict)
    assert {name: event.get(name) for name in (*trace, "comexampleother")} == {**trace, "comexampleother": None}


def test_the_same_event_counts_once_and_another_one_under_its_id_is_refused(world: World, shop: Shop) -> None:
    placed = shop.placed("1")
    shop.send(placed)
    other = {**placed, "data": {"order_id": "2"}}

    again, changed = shop.send(placed, shop.event("carrier", "collected", "1"))
    assert (again.verdict, changed.verdict) == (Verdict.DUPLICATE, Verdict.APPLIED)
    twice = shop.event("carrier", "delivered", "1")
    assert [result.verdict for result in shop.send(twice, dict(twice))] == [Verdict.APPLIED, Verdict.DUPLICATE]
    refused, applied = shop.send(other, shop.event("payments", "captured", "1"))
    assert (refused.verdict, refused.code) == (Verdict.REFUSED, "idempotency-conflict")
    assert applied.verdict is Verdict.APPLIED
    assert shop.generations("2") == []


def test_events_that_come_before_their_workflow_wait_for_it(world: World, shop: Shop) -> None:
    early = [shop.event("carrier", "delivered", "1"), shop.event("payments", "captured", "1", {"amount": 3})]
    assert [result.verdict for result in shop.send(*early)] == [Verdict.PARKED, Verdict.PARKED]
    waiting = world.backend.list_events(ListEvents(name=shop.name)).events
    assert {event.id for event in waiting} == {event["id"] for event in early}
    assert {event.state for event in waiting} == {EventState.PARKED}

    shop.send(shop.placed("1"))

    assert shop.find("1").summary.state is WorkflowState.SUCCEEDED
    assert world.backend.list_events(ListEvents(name=shop.name)).events == []
    assert shop.told(*early) == ["duplicate", "duplicate"]


def test_events_find_their_workflow_by_correlation_id(world: World, shop: Shop) -> None:
    correlation = world.unique("correlation")
    early = shop.event("payments", "captured", "other-key", correlationid=correlation)

    assert shop.send(early)[0].verdict is Verdict.PARKED
    shop.send(shop.placed("1", correlationid=correlation))

    assert shop.states("1") == {"shop.place": "succeeded", "payments.capture": "succeeded"}
    assert shop.find("1").summary.correlation_id == correlation
    (late,) = shop.send(shop.event("carrier", "delivered", "ignored", correlationid=correlation))
    assert late.workflow_id == shop.find("1").summary.id


def test_a_late_begin_never_moves_a_step_back(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"))
    times = ["2026-01-01T10:00:00Z", "2026-01-01T10:05:00Z", "2026-01-01T10:09:00Z"]

    assert shop.told(
        shop.event("payments", "captured", "1", time=times[1]),
        shop.event("payments", "authorised", "1", time=times[0]),
        shop.event("payments", "authorised", "1", time=times[2]),  # a clock that is fast
        shop.event("payments", "authorised", "1"),
    ) == ["applied", *["applied: The step succeeded already."] * 3]

    assert shop.states("1")["payments.capture"] == "succeeded"
    assert [entry for entry in world.told(shop.find("1").summary.id) if entry.startswith("event")] == [
        "event.noted payments.capture"
    ] * 3


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ({"sequence": "9"}, {"sequence": "10"}, StepState.FAILED),
        ({"sequence": "10"}, {"sequence": "9"}, StepState.SUCCEEDED),
        ({"sequence": "2", "time": "2026-01-02T00:00:00Z"}, {"sequence": "1", "time": "2026-01-03T00:00:00Z"}, None),
        ({"time": "2026-01-02T00:00:00Z"}, {"time": "2026-01-01T23:59:59.999Z"}, StepState.SUCCEEDED),
        ({"time": "2026-01-02T00:00:00Z"}, {"time": "2026-01-02T02:00:00+01:00"}, StepState.FAILED),
        ({}, {}, StepState.FAILED),
    ],
)
def test_of_two_events_that_contradict_each_other_the_newer_one_counts(
    world: World, shop: Shop, first: dict[str, str], second: dict[str, str], state: StepState | None
) -> None:
    shop.send(shop.placed("1"))
    shop.send(shop.event("payments", "captured", "1", **first))
    shop.send(shop.event("payments", "declined", "1", {"reason": "no cover"}, **second))

    (step,) = [step for step in shop.find("1").steps if step.name == "capture"]
    assert step.state is (state or StepState.SUCCEEDED)
    assert step.error == ("no cover" if state is StepState.FAILED else None)
    assert step.round == (2 if state is StepState.FAILED else 1)


def test_a_failed_step_fails_a_workflow_of_services(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "declined", "1", {"reason": "no cover"}))

    summary = shop.find("1").summary
    assert summary.state is WorkflowState.FAILED
    assert summary.error == "Step payments.capture failed: no cover"
    assert summary.hold_reason == "its policy on failure is to hold"
    assert summary.failed_step is not None
    assert (summary.failed_step.step, summary.failed_step.dag_id) == ("payments.capture", "")


def test_what_ended_is_recorded_after_the_end_and_no_step_begins(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "authorised", "1"))
    detail = shop.find("1")
    world.backend.cancel_workflow(CancelWorkflow(detail.summary.id))

    told = shop.told(shop.event("payments", "captured", "1"), shop.event("carrier", "collected", "1"))

    assert told == ["applied", "applied: The workflow is cancelled, so no step can begin."]
    assert shop.states("1") == {"shop.place": "succeeded", "payments.capture": "succeeded"}
    assert shop.generations("1") == ["cancelled"]


def test_a_key_whose_workflow_was_cancelled_starts_again_as_the_next_generation(world: World, shop: Shop) -> None:
    first = shop.placed("1")
    shop.send(first)
    world.backend.cancel_workflow(CancelWorkflow(shop.find("1").summary.id))

    assert shop.told(first) == ["duplicate"]
    assert shop.generations("1") == ["cancelled"]
    shop.send(shop.placed("1"), shop.event("carrier", "collected", "1"))

    assert shop.generations("1") == ["running", "cancelled"]
    assert shop.states("1") == {"shop.place": "succeeded", "carrier.deliver": "running"}


def test_a_step_that_is_done_again_gets_a_round_of_its_own(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"))
    captures = [shop.event("payments", "captured", "1", {"amount": amount}) for amount in (1, 2)]
    shop.send(*captures)

    (step,) = [step for step in shop.find("1").steps if step.name == "capture"]
    assert step.round == 2
    assert step.output is not None
    assert step.output.value() == 2
    rounds = [
        entry.data["round"]
        for entry in world.journal(shop.find("1").summary.id)
        if entry.kind is EntryKind.STEP_SUCCEEDED and entry.step == "payments.capture"
    ]
    assert rounds == [1, 2]


def test_an_event_that_says_nothing_of_a_step_is_kept_with_its_workflow(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"))

    assert shop.told(shop.event("payments", "audited", "1")) == [
        "applied: Its type audited does not refer to any step."
    ]
    workflow_id = shop.find("1").summary.id
    assert world.journal(workflow_id)[-1].kind is EntryKind.EVENT_NOTED
    kept = world.backend.list_events(ListEvents(workflow_id=workflow_id)).events
    assert [event.type for event in kept] == ["placed", "audited"]


def test_a_service_that_undoes_its_step_says_so(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"), shop.event("payments", "refunded", "1"))

    assert shop.states("1")["payments.capture"] == "compensated"
    assert shop.told(shop.event("payments", "captured", "1")) == ["applied: The step was undone."]


def test_each_event_of_a_batch_has_its_own_verdict(world: World, shop: Shop) -> None:
    keyless = {**shop.placed("1"), "data": {"order": 1}}
    foreign = {**shop.placed("1"), "source": "https://nobody.example/"}
    results = shop.send(
        {"specversion": "1.0"}, keyless, foreign, shop.placed("1"), shop.event("carrier", "delivered", "unknown")
    )

    assert [result.verdict.value for result in results] == ["refused"] * 3 + ["applied", "parked"]
    assert all(result.reason and result.remedy and result.code for result in results[:3])
    assert (results[1].source, results[1].id) == (keyless["source"], keyless["id"])
