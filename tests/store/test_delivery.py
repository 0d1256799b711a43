"""Webhooks are delivered: all of them, in order for each workflow, to a real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from airflow_wfstate.domain.messages.outbox.change_subscription import (
    PauseSubscription,
    RotateSecret,
)
from airflow_wfstate.domain.messages.outbox.subscription import (
    SubscriptionState,
)
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.webhooks.delivery_schedule import MAX_ATTEMPTS
from airflow_wfstate.store.database import schema
from tests.store.subscriber import Subscriber, subscribed
from tests.support.webhook_receiver import Answer, Delivery, Receiver, running_receiver
from tests.support.world import World


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("AIRFLOW__WFSTATE__WEBHOOK_HOSTS", "127.0.0.1")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def subscriber(world: World, receiver: Receiver) -> Iterator[Subscriber]:
    with subscribed(world, receiver) as subscriber:
        yield subscriber


def _refusing(workflow_id: str, status: int = 422, text: str = "no such order") -> object:
    def answer(delivery: Delivery) -> Answer:
        return (status, text) if delivery.workflow_id == workflow_id else (200, "")

    return answer


def test_a_subscriber_is_told_of_each_change_as_a_signed_cloud_event(subscriber: Subscriber) -> None:
    world, receiver = subscriber.world, subscriber.receiver
    run_id = world.rows.add_run("intake")
    workflow_id = subscriber.start(run_id=run_id, key="1001", input={"card": "4111"}, labels={"region": "eu"})
    world.step_done(run_id, "charge", {"receipt": "secret of the shop"})

    report = subscriber.deliver()

    told = [line.partition(" ")[0] for line in world.told(workflow_id) if not line.startswith("run.")]
    assert receiver.kinds(workflow_id) == told == ["workflow.started", "step.began", "step.succeeded"]
    assert (report.delivered, report.refused) == (3, 0)
    entry = next(entry for entry in world.journal(workflow_id) if entry.kind is EntryKind.STEP_SUCCEEDED)
    last = receiver.received[-1]
    last.verify(subscriber.secret)
    assert last.headers["webhook-id"] == f"{workflow_id}:{entry.number}"
    assert last.headers["content-type"].startswith("application/cloudevents+json")
    assert last.event == {
        "specversion": "1.0",
        "id": f"{workflow_id}:{entry.number}",
        "source": "https://airflow.example",
        "type": "wfstate.step.succeeded",
        "subject": f"{subscriber.workflow_name}/1001",
        "time": entry.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": workflow_id,
        "sequence": f"{entry.number:010}",
        "data": {
            "workflow": {
                "id": workflow_id,
                "name": subscriber.workflow_name,
                "key": "1001",
                "generation": 1,
                "labels": {"region": "eu"},
            },
            "state": None,
            "step": "intake.charge",
            "step_id": entry.step_id,
            "attempt": 1,
            "actor": entry.actor,
            "sentence": "intake.charge succeeded.",
            "details": dict(entry.data),
        },
    }
    assert not any("4111" in found.body or "secret of the shop" in found.body for found in receiver.received)
    assert subscriber.deliver().delivered == 0
    assert subscriber.shown().last_delivered_at is not None


def test_what_was_written_before_is_not_told_of_unless_it_is_asked_for(
    world: World, receiver: Receiver, subscriber: Subscriber
) -> None:
    earlier = subscriber.start()
    with (
        subscribed(world, receiver, names=[subscriber.workflow_name]) as late,
        subscribed(world, receiver, names=[subscriber.workflow_name], start="beginning") as from_beginning,
    ):
        subscriber.deliver()
        assert receiver.effects() == {f"{earlier}:1": 2}
        assert late.shown().last_delivered_at is None
        assert from_beginning.shown().last_delivered_at is not None


def test_a_poisoned_workflow_does_not_stop_the_others(subscriber: Subscriber) -> None:
    """Events of one workflow wait for each other; once the first is accepted, the rest are sent in order."""
    world, receiver = subscriber.world, subscriber.receiver
    runs = [world.rows.add_run("intake") for _ in range(3)]
    bad, *good = [subscriber.start(run_id=run_id) for run_id in runs]
    receiver.answer = _refusing(bad)  # type: ignore[assignment]
    for run_id in runs:
        world.step_done(run_id, "charge")

    subscriber.deliver()
    assert receiver.kinds(bad) == ["workflow.started"]
    for workflow_id in good:
        assert receiver.kinds(workflow_id) == ["workflow.started", "step.began", "step.succeeded"]
    for run_id in runs:
        world.step_done(run_id, "pack")
    subscriber.deliver()
    assert receiver.kinds(bad) == ["workflow.started"]
    assert len(receiver.kinds(good[0])) == 5

    (waiting,) = world.backend.list_waiting_deliveries(subscriber.id).deliveries
    assert (waiting.workflow_id, waiting.number, waiting.attempts) == (bad, 1, 1)
    assert (waiting.last_refusal.status, waiting.last_refusal.text) == (422, "no such order")
    assert waiting.next_try_at is not None
    assert timedelta(0) < waiting.next_try_at - waiting.since <= timedelta(seconds=6)

    receiver.answer = lambda delivery: (204, "")
    subscriber.let_retries_come_due()
    subscriber.deliver()
    told = ["workflow.started", *["step.began", "step.succeeded"] * 2]
    assert receiver.kinds(bad) == told
    assert {count for event_id, count in receiver.effects().items() if event_id != f"{bad}:1"} == {1}
    assert world.backend.list_waiting_deliveries(subscriber.id).total == 0
    assert subscriber.deliver().delivered == 0


def test_after_the_last_attempt_it_is_parked_until_somebody_continues(subscriber: Subscriber) -> None:
    receiver = subscriber.receiver
    bad = subscriber.start()
    receiver.answer = _refusing(bad, 400, "x" * 5000 + "\x00")  # type: ignore[assignment]
    for _ in range(MAX_ATTEMPTS + 2):
        subscriber.deliver()
        subscriber.let_retries_come_due()

    assert receiver.effects() == {f"{bad}:1": MAX_ATTEMPTS}
    (parked,) = subscriber.world.backend.list_waiting_deliveries(subscriber.id).deliveries
    assert (parked.next_try_at, parked.attempts) == (None, MAX_ATTEMPTS)
    assert parked.last_refusal.text == "x" * 1000
    assert (subscriber.shown().parked, subscriber.shown().retried) == (1, 0)

    receiver.answer = lambda delivery: (200, "")
    subscriber.go_on()
    subscriber.deliver()
    assert receiver.effects() == {f"{bad}:1": MAX_ATTEMPTS + 1}
    assert subscriber.shown().parked == 0


def test_a_receiver_that_is_down_is_left_alone_and_loses_nothing(subscriber: Subscriber) -> None:
    receiver = subscriber.receiver
    workflow_ids = [subscriber.start() for _ in range(30)]
    receiver.answer = lambda delivery: (503, "down")
    subscriber.deliver()
    tried = len(receiver.received)
    assert tried < 10, "not every workflow is tried against a receiver that is down"
    shown = subscriber.shown()
    assert (shown.state, shown.next_try_at is not None) == (SubscriptionState.UNAVAILABLE, True)
    assert shown.last_refusal is not None
    assert shown.last_refusal.status == 503
    subscriber.deliver()
    assert len(receiver.received) == tried

    subscriber.let_retries_come_due()
    subscriber.deliver()
    assert len(receiver.received) == tried + 1, "one letter, to see"

    receiver.answer = lambda delivery: (200, "")
    subscriber.let_retries_come_due()
    subscriber.deliver()
    assert subscriber.shown().state is SubscriptionState.ACTIVE
    assert [receiver.kinds(workflow_id) for workflow_id in workflow_ids] == [["workflow.started"]] * 30
    assert (subscriber.shown().parked, subscriber.shown().retried) == (0, 0)


def test_a_receiver_that_asks_for_time_gets_it(subscriber: Subscriber) -> None:
    receiver = subscriber.receiver
    for _ in range(20):
        subscriber.start()
    receiver.answer = lambda delivery: (429, "slow down", {"Retry-After": "600"})
    subscriber.deliver()
    shown = subscriber.shown()
    assert len(receiver.received) < 10
    assert shown.next_try_at is not None
    assert shown.last_refused_at is not None
    assert shown.next_try_at - shown.last_refused_at >= timedelta(seconds=600)


def test_410_ends_it_until_somebody_continues(subscriber: Subscriber) -> None:
    receiver = subscriber.receiver
    workflow_id = subscriber.start()
    receiver.answer = lambda delivery: (410, "gone")
    subscriber.deliver()
    assert subscriber.shown().state is SubscriptionState.PAUSED
    assert "410" in str(subscriber.shown().paused_because)
    receiver.answer = lambda delivery: (200, "")
    assert subscriber.deliver().delivered == 0

    subscriber.go_on()
    subscriber.deliver()
    assert receiver.effects() == {f"{workflow_id}:1": 2}


def test_a_pause_holds_back_and_loses_nothing(subscriber: Subscriber) -> None:
    subscriber.world.backend.pause_subscription(PauseSubscription(subscriber.id, "they move house", "cli:ada"))
    workflow_id = subscriber.start()
    assert subscriber.deliver().delivered == 0
    assert subscriber.shown().paused_because == "Paused by cli:ada: they move house"

    subscriber.go_on()
    subscriber.deliver()
    assert subscriber.receiver.kinds(workflow_id) == ["workflow.started"]


def test_filters(world: World, receiver: Receiver) -> None:
    name = world.unique("orders")
    with (
        subscribed(world, receiver, names=[name], states=[WorkflowState.RUNNING]) as by_state,
        subscribed(world, receiver, names=[name], kinds=[EntryKind.RUN_LINKED]) as by_kind,
        subscribed(world, receiver, names=[name], labels={"region": "eu", "tier": "gold"}) as by_label,
    ):
        run_id = world.rows.add_run("intake")
        gold = world.start(run_id, name=name, labels={"region": "eu", "tier": "gold"}).workflow.id
        world.start(name=name, labels={"region": "eu", "tier": "tin"})
        world.start(name=world.unique("other"), labels={"region": "eu", "tier": "gold"})
        world.step_done(run_id, "charge")
        subscribers = (by_state, by_kind, by_label)
        by_state.deliver()
        told = {
            subscriber.id: [
                (found.kind, found.workflow_id == gold) for found in receiver.signed_with(subscriber.secret)
            ]
            for subscriber in subscribers
        }

    assert sorted(told[by_state.id]) == [("workflow.started", False), ("workflow.started", True)]
    assert sorted(told[by_kind.id]) == [("run.linked", False), ("run.linked", True)]
    assert told[by_label.id] == [("workflow.started", True), ("step.began", True), ("step.succeeded", True)]


def test_replays_from_the_beginning_from_a_time_and_from_an_entry(subscriber: Subscriber) -> None:
    world, receiver = subscriber.world, subscriber.receiver
    run_id = world.rows.add_run("intake")
    first = subscriber.start()
    second = subscriber.start(run_id=run_id)
    world.step_done(run_id, "charge")
    subscriber.deliver()
    sent = [found.event["id"] for found in receiver.received]
    entries = {entry.kind.value: entry for entry in world.journal(second)}

    def told_again(start: str) -> list[str]:
        receiver.received.clear()
        subscriber.replay(start)
        subscriber.deliver()
        return [found.event["id"] for found in receiver.received]

    assert sorted(told_again("beginning")) == sorted(sent)
    began = entries["step.began"]
    ended = entries["step.succeeded"]
    assert told_again(began.at.isoformat()) == [f"{second}:{began.number}", f"{second}:{ended.number}"]
    assert told_again(f"{second}:{ended.number}") == [f"{second}:{ended.number}"]
    assert sorted(told_again(f"{first}:1")) == sorted(sent), "in another order of workflows, perhaps"
    assert told_again("now") == []


def test_what_is_older_than_the_stream_comes_first(subscriber: Subscriber) -> None:
    """Entries of an earlier version have no position in the stream."""
    world = subscriber.world
    run_id = world.rows.add_run("intake")
    old, older = subscriber.start(run_id=run_id), subscriber.start()
    with world.rows.engine.begin() as connection:
        its_rows = schema.journal.c.workflow_id.in_([old, older])
        connection.execute(update(schema.journal).where(its_rows).values(transaction_id=None))
    world.step_done(run_id, "charge")
    young = subscriber.start()

    subscriber.replay("beginning")
    subscriber.deliver()
    assert subscriber.receiver.kinds(old) == ["workflow.started", "step.began", "step.succeeded"]
    assert subscriber.receiver.kinds(older) == subscriber.receiver.kinds(young) == ["workflow.started"]
    assert set(subscriber.receiver.effects().values()) == {1}


def test_a_secret_that_is_replaced_signs_for_a_while(subscriber: Subscriber) -> None:
    world = subscriber.world
    new = world.backend.rotate_secret(RotateSecret(subscriber.id, keep_seconds=3600))
    assert new.secret != subscriber.secret
    subscriber.start()
    subscriber.deliver()
    (both,) = subscriber.receiver.received
    both.verify(new.secret)
    both.verify(subscriber.secret)

    world.backend.rotate_secret(RotateSecret(subscriber.id, keep_seconds=0, secret=new.secret))  # sent again
    assert subscriber.shown().previous_secret_until is not None
    world.backend.rotate_secret(RotateSecret(subscriber.id, keep_seconds=0))
    subscriber.start()
    subscriber.deliver()
    with pytest.raises(Exception, match="No matching signature"):
        subscriber.receiver.received[-1].verify(new.secret)


def test_a_database_that_was_restored_elsewhere_is_noticed(subscriber: Subscriber) -> None:
    """Transaction ids start again below the cursor."""
    world = subscriber.world
    if world.rows.engine.dialect.name != "postgresql":
        pytest.skip("SQLite's rowids are restored with the rows.")
    restored = subscriber.start()
    with world.rows.engine.begin() as connection:
        connection.execute(
            text("UPDATE wfstate_subscription SET position = 1e15 WHERE id = :id"), {"id": subscriber.id}
        )
        its_rows = schema.journal.c.workflow_id == restored
        connection.execute(update(schema.journal).where(its_rows).values(transaction_id=10**14))
    since = world.journal(restored)[0].at
    young = subscriber.start()
    subscriber.deliver()
    assert "restored" in str(subscriber.shown().paused_because)
    assert subscriber.receiver.received == []

    subscriber.replay(since.isoformat())
    subscriber.go_on()
    subscriber.deliver()
    assert [found.workflow_id for found in subscriber.receiver.received] == [restored, young]
