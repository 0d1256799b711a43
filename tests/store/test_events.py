"""Events from several senders at once, events that cannot be applied, and events that nobody claims."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.event import EventId, ListEvents, ReplayEvents, SendEvents, Verdict
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import event_tables, schema
from airflow_wfstate.store.events import batch
from airflow_wfstate.store.events.find_event import find_event
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.counted_reads import counted_reads
from tests.support.services import Shop

_SENDERS = 4


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def backend(request: pytest.FixtureRequest) -> Iterator[DatabaseBackend]:
    engine = create_engine(request.getfixturevalue(request.param))
    yield DatabaseBackend(engine)
    engine.dispose()


@pytest.fixture
def shop(backend: DatabaseBackend) -> Shop:
    return Shop(backend).apply()


def test_overlapping_batches_sent_at_once_count_once_each(backend: DatabaseBackend, shop: Shop) -> None:
    keys = [str(number) for number in range(15)]
    events = [event for key in keys for event in (shop.placed(key), shop.event("payments", "captured", key))]
    together = Barrier(_SENDERS)

    def send(seed: int) -> Counter[str]:
        mine = list(events)
        random.Random(seed).shuffle(mine)  # noqa: S311 - no secret
        together.wait()
        results = backend.send_events(SendEvents(mine)).results
        return Counter(result.verdict.value for result in results)

    with ThreadPoolExecutor(_SENDERS) as pool:
        told = sum(pool.map(send, range(_SENDERS)), Counter[str]())

    assert told["duplicate"] == (_SENDERS - 1) * len(events)
    assert told["applied"] + told["parked"] == len(events)
    for key in keys:
        assert shop.states(key) == {"shop.place": "succeeded", "payments.capture": "succeeded"}
        assert {step.round for step in shop.find(key).steps} == {1}
        assert len(backend.read_journal(shop.find(key).summary.id).entries) == 3


def test_an_event_that_cannot_be_applied_does_not_stop_the_others(
    backend: DatabaseBackend, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.send(shop.placed("1"))
    poison = shop.event("payments", "captured", "1")
    plain = batch.apply_event

    def fails(workflow: Any, steps: Any, undos: Any, delivery: Any) -> None:
        if delivery.event.id == poison["id"]:
            raise ZeroDivisionError("poison")
        plain(workflow, steps, undos, delivery)

    monkeypatch.setattr(batch, "apply_event", fails)
    results = shop.send(shop.event("carrier", "collected", "1"), poison, shop.placed("2"), shop.placed("3"))

    assert [result.verdict for result in results] == [
        Verdict.APPLIED,
        Verdict.DEAD,
        Verdict.APPLIED,
        Verdict.APPLIED,
    ]
    (letter,) = backend.list_events(ListEvents(source=poison["source"])).events
    assert (letter.state, letter.reason) == (
        EventState.DEAD,
        "It could not be applied: ZeroDivisionError: poison",
    )
    assert shop.states("1") == {"shop.place": "succeeded", "carrier.deliver": "running"}
    assert shop.send(poison)[0].verdict is Verdict.DUPLICATE

    monkeypatch.setattr(batch, "apply_event", plain)
    decided = backend.replay_events(ReplayEvents([EventId(poison["source"], poison["id"])]))

    assert (decided.changed, decided.events[0].state) == (1, EventState.APPLIED)
    assert shop.states("1")["payments.capture"] == "succeeded"
    again = backend.replay_events(ReplayEvents([EventId(poison["source"], poison["id"])]))
    assert (again.changed, again.events[0].state) == (0, EventState.APPLIED)
    assert len(backend.read_journal(shop.find("1").summary.id).entries) == 4


def test_what_nobody_comes_for_is_a_dead_letter_and_can_be_replayed(
    backend: DatabaseBackend, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = shop.event("payments", "captured", "1")
    shop.send(early)
    monkeypatch.setenv("AIRFLOW__WFSTATE__EVENT_TTL_SECONDS", "1")
    age(backend.engine, early)

    sweep(backend.engine)

    letter = backend.get_event(early["source"], early["id"]).event
    assert (letter.state, letter.name, letter.key) == (EventState.DEAD, shop.name, "1")
    assert letter.reason is not None
    assert "longer than [wfstate] event_ttl_seconds" in letter.reason
    shop.send(shop.placed("1"))
    assert shop.states("1") == {"shop.place": "succeeded"}  # an operator decides about dead letters
    backend.replay_events(ReplayEvents([EventId(early["source"], early["id"])]))
    assert shop.states("1")["payments.capture"] == "succeeded"


def test_the_sweep_finds_what_neither_of_two_transactions_has_seen(backend: DatabaseBackend, shop: Shop) -> None:
    early = shop.event("payments", "captured", "1")
    shop.send(early, shop.placed("2"))
    with backend.engine.begin() as connection:  # as if the workflow had started at that very moment
        its_row = (schema.workflow.c.name == shop.name, schema.workflow.c.key == "2")
        connection.execute(update(schema.workflow).where(*its_row).values(key="1"))

    report = sweep(backend.engine)

    assert report.events == 1
    assert shop.states("1")["payments.capture"] == "succeeded"


def test_a_waiter_finds_the_first_event_of_a_type(backend: DatabaseBackend, shop: Shop) -> None:
    first, second = (shop.event("payments", "captured", "1", {"amount": amount}) for amount in (1, 2))
    shop.send(first)

    def find() -> list[tuple[str, str | None]]:
        with backend.engine.connect() as connection:
            workflow_id = connection.execute(
                select(schema.workflow.c.id).where(schema.workflow.c.name == shop.name)
            ).scalar_one_or_none()
            by_key = find_event(connection, "captured", name=shop.name, key="1")
            by_id = find_event(connection, "captured", workflow_id=workflow_id) if workflow_id else None
            none = find_event(connection, "delivered", name=shop.name, key="1")
        assert none is None
        return [(found.id, found.workflow_id) for found in (by_key, by_id) if found is not None]

    assert find() == [(first["id"], None)]
    shop.send(shop.placed("1"), second)
    workflow_id = shop.find("1").summary.id
    assert find() == [(first["id"], workflow_id)] * 2


def test_what_waits_for_a_workflow_of_another_name_is_not_given_to_one_with_its_correlation_id(
    backend: DatabaseBackend, shop: Shop
) -> None:
    other = Shop(backend).apply()
    early = shop.event("payments", "captured", "1", correlationid=shop.tag)
    shop.send(early)

    other.send(other.placed("1", correlationid=shop.tag))
    before = backend.get_event(early["source"], early["id"]).event
    sweep(backend.engine)

    assert other.states("1") == {"shop.place": "succeeded"}
    assert backend.get_event(early["source"], early["id"]).event == before
    shop.send(shop.placed("1", correlationid=shop.tag))
    assert shop.states("1")["payments.capture"] == "succeeded"


def test_what_a_definition_redacts_is_hidden_in_events_and_in_outputs_that_come_from_them(
    backend: DatabaseBackend,
) -> None:
    shop = Shop(backend, more={"redact": ["card", "$.secret.code"]}).apply()
    placed = shop.event("shop", "placed", "1", {"card": "4111", "secret": {"code": 7, "plain": 8}})
    early = shop.event("payments", "captured", "2", {"card": "4111"})
    shop.send(placed, early)

    shown = backend.get_event(placed["source"], placed["id"]).body.value()
    assert isinstance(shown, dict)
    assert shown["data"] == {"order_id": "1", "card": "***", "secret": {"code": "***", "plain": 8}}
    assert "4111" not in backend.get_event(early["source"], early["id"]).body.text
    detail = shop.find("1")
    assert "4111" not in f"{detail.input}{detail.steps}"


def test_the_journal_is_without_gaps_after_many_events(backend: DatabaseBackend, shop: Shop) -> None:
    shop.send(*(shop.placed(str(number)) for number in range(300)))
    shop.send(*(shop.event(*what, str(number)) for number in range(300) for what in (("payments", "captured"),)))
    shop.send(*(shop.event("carrier", "delivered", str(number)) for number in range(300)))

    summary = shop.find("7").summary
    assert (summary.state, summary.version) == (WorkflowState.SUCCEEDED, 3)
    assert [entry.number for entry in backend.read_journal(summary.id).entries] == [1, 2, 3, 4, 5]


def age(engine: Engine, event: dict[str, Any]) -> None:
    """Make an event look as if it had been parked a day ago."""
    from datetime import datetime, timedelta, timezone

    with engine.begin() as connection:
        its_row = (event_tables.event.c.source == event["source"], event_tables.event.c.id == event["id"])
        a_day_ago = datetime.now(timezone.utc) - timedelta(days=1)
        connection.execute(update(event_tables.event).where(*its_row).values(changed_at=a_day_ago))


def test_a_batch_makes_as_many_statements_whatever_its_number_of_workflows(
    backend: DatabaseBackend, shop: Shop
) -> None:
    def order(key: str) -> list[dict[str, Any]]:
        return [
            shop.event("carrier", "delivered", key),
            shop.placed(key),
            shop.event("payments", "captured", key),
        ]

    shop.send(*order("first"))  # reads the definition
    counted = []
    for orders in (2, 60):
        # One event of each arrives before its workflow, which then picks it up.
        shop.send(*(order(f"{orders}-{number}")[0] for number in range(orders)))
        with counted_reads(backend.engine) as reads:
            shop.send(*(event for number in range(orders) for event in order(f"{orders}-{number}")[1:]))
        assert shop.find(f"{orders}-1").summary.state is WorkflowState.SUCCEEDED
        counted.append(len(reads.statements))

    assert counted[0] == counted[1] <= 25


def test_what_is_sent_again_is_looked_for_again_where_its_receiver_died_before_its_second_look(
    backend: DatabaseBackend, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = shop.event("payments", "captured", "1", {"amount": 30})
    with monkeypatch.context() as died:
        died.setattr("airflow_wfstate.store.events.batch.read_parked", lambda *_: {})
        for module in ("gathering", "receive"):
            died.setattr(f"airflow_wfstate.store.events.{module}.look_again", lambda *_: None)
        shop.send(early)
        shop.send(shop.placed("1"))
    assert "payments.capture" not in shop.states("1")

    assert shop.told(early) == ["duplicate"]

    assert shop.states("1")["payments.capture"] == "succeeded"
