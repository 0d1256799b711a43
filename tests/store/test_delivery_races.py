"""What happens during a delivery: late commits, several processes, a kill -9, a slow receiver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, create_engine, text, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.delivery.deliver import deliver
from airflow_wfstate.store.outbox.enqueue import OutgoingEvent, enqueue
from airflow_wfstate.store.workflows.change import lock_by_id
from tests.store.subscriber import Subscriber, subscribed
from tests.support.airflow_rows import AirflowRows
from tests.support.webhook_receiver import Answer, Delivery, Receiver, running_receiver
from tests.support.world import World


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("AIRFLOW__WFSTATE__WEBHOOK_HOSTS", "127.0.0.1")
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def subscriber(world: World, receiver: Receiver) -> Iterator[Subscriber]:
    with subscribed(world, receiver) as subscriber:
        yield subscriber


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def postgres_world(migrated_postgres_url: str) -> Iterator[World]:
    """PostgreSQL only: SQLite has one writer."""
    engine = create_engine(migrated_postgres_url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


def _write(connection: Connection, workflow_id: str) -> None:
    """Write an entry, and commit."""
    change = lock_by_id(connection, workflow_id, "the test")
    assert change is not None
    change.journal(EntryKind.WORKFLOW_OVERDUE, data={})
    change.write()
    connection.commit()


def _take_id(connection: Connection) -> None:
    connection.execute(text("SELECT pg_current_xact_id()"))


def test_what_commits_late_is_never_passed_over(postgres_world: World, receiver: Receiver) -> None:
    """A transaction that began before others writes its entry, and commits after they were delivered."""
    with (
        subscribed(postgres_world, receiver) as subscriber,
        postgres_world.rows.engine.connect() as late,
        postgres_world.rows.engine.connect() as prompt,
    ):
        slow, quick = subscriber.start(), subscriber.start()
        subscriber.deliver()
        _take_id(late)
        _write(prompt, quick)
        subscriber.deliver()  # this is how a reader of "greater than the last" would skip the open one
        _write(late, slow)
        subscriber.deliver()

        for workflow_id in (slow, quick):
            assert receiver.kinds(workflow_id) == ["workflow.started", "workflow.overdue"]
        assert set(receiver.effects().values()) == {1}


@pytest.mark.parametrize("is_held_between", [False, True])
def test_a_later_entry_under_a_smaller_id_waits_for_the_earlier_one(
    postgres_world: World, receiver: Receiver, is_held_between: bool
) -> None:
    """A transaction that already has its id waits for the workflow, to which another one writes first."""
    engine = postgres_world.rows.engine
    with (
        subscribed(postgres_world, receiver) as subscriber,
        engine.connect() as early,
        engine.connect() as between,
        engine.connect() as prompt,
    ):
        workflow_id = subscriber.start()
        subscriber.deliver()
        _take_id(early)
        if is_held_between:  # the stream ends between the two
            _take_id(between)
        _write(prompt, workflow_id)
        _write(early, workflow_id)
        subscriber.deliver()
        if is_held_between:
            assert len(receiver.received) == 1
        between.rollback()
        subscriber.deliver()
        assert [came.event["sequence"] for came in receiver.received] == ["0000000001", "0000000003", "0000000004"]


def test_several_processes_share_nothing(subscriber: Subscriber) -> None:
    receiver = subscriber.receiver
    workflow_ids = [subscriber.start() for _ in range(10)]
    is_first, others_are_done = threading.Event(), threading.Event()

    def answer(delivery: Delivery) -> Answer:
        is_first.set()
        others_are_done.wait(30)
        return 200, ""

    receiver.answer = answer
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(subscriber.deliver)
        assert is_first.wait(30)
        others = [threads.submit(deliver, create_engine(subscriber.world.rows.engine.url)) for _ in range(3)]
        assert [found.result(30).delivered for found in others] == [0, 0, 0]
        others_are_done.set()
        assert first.result(30).delivered == 10
    assert receiver.effects() == {f"{workflow_id}:1": 1 for workflow_id in workflow_ids}


def test_a_slow_receiver_holds_no_transaction_and_no_lock(subscriber: Subscriber) -> None:
    engine = subscriber.world.rows.engine
    workflow_id = subscriber.start()
    found: list[object] = []

    def answer(delivery: Delivery) -> Answer:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                open_ones = text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'"
                )
                found.append(connection.execute(open_ones).scalar_one())
            else:  # a transaction that has read holds a lock that would make this fail
                connection.execute(text("PRAGMA busy_timeout = 0"))
                connection.execute(text("BEGIN EXCLUSIVE"))
                found.append(0)
                connection.rollback()
        return 200, ""

    subscriber.receiver.answer = answer
    assert subscriber.deliver().delivered == 1
    assert found == [0]
    assert subscriber.receiver.kinds(workflow_id) == ["workflow.started"]


def test_killed_between_send_and_mark_it_is_sent_again_under_the_same_id(subscriber: Subscriber) -> None:
    receiver, engine = subscriber.receiver, subscriber.world.rows.engine
    workflow_id = subscriber.start()
    code = (
        "import os, sys; from sqlalchemy import create_engine, event;"
        "from airflow_wfstate.store.delivery.deliver import deliver;"
        f"deliver(create_engine({_url(engine)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ), cwd="/")
    receiver.answer = lambda delivery: (os.kill(process.pid, signal.SIGKILL), (200, ""))[1]
    assert process.wait(120) == -signal.SIGKILL
    assert receiver.effects() == {f"{workflow_id}:1": 1}

    receiver.answer = lambda delivery: (200, "")
    assert subscriber.deliver().delivered == 0, "the lease of the one that was killed still runs"
    with engine.begin() as connection:
        leases = schema.lease.c.name.like("out:%")
        connection.execute(update(schema.lease).where(leases).values(leased_until=database_now()))
    assert subscriber.deliver().delivered == 1
    assert receiver.effects() == {f"{workflow_id}:1": 2}
    first, second = receiver.received
    assert first.body == second.body
    assert subscriber.deliver().delivered == 0


def test_what_is_set_to_another_point_while_it_is_sent_is_not_marked(subscriber: Subscriber) -> None:
    receiver = subscriber.receiver
    workflow_id = subscriber.start()
    answers = iter([True])

    def answer(delivery: Delivery) -> Answer:
        if next(answers, False):
            subscriber.replay("beginning")
        return 200, ""

    receiver.answer = answer
    subscriber.deliver()
    subscriber.deliver()
    assert receiver.effects() == {f"{workflow_id}:1": 2}


def test_an_event_to_one_subscriber_alone_takes_the_same_way(subscriber: Subscriber) -> None:
    """The path of a request to a service, for example to undo a step."""
    receiver, engine = subscriber.receiver, subscriber.world.rows.engine
    workflow_id = subscriber.start()
    event = OutgoingEvent("undo-7", workflow_id, '{"type":"com.shop.refund_requested"}')
    with engine.begin() as connection:
        enqueue(connection, subscriber.id, event)
    with engine.begin() as connection:
        enqueue(connection, subscriber.id, event)
    receiver.answer = lambda delivery: (422 if delivery.headers["webhook-id"] == "undo-7" else 200, "not now")
    subscriber.deliver()
    assert receiver.effects() == {"undo-7": 1, f"{workflow_id}:1": 1}, "one does not wait for the other"

    receiver.answer = lambda delivery: (200, "")
    subscriber.let_retries_come_due()
    subscriber.deliver()
    subscriber.deliver()
    assert receiver.effects() == {"undo-7": 2, f"{workflow_id}:1": 1}
    first, second = (came for came in receiver.received if came.headers["webhook-id"] == "undo-7")
    second.verify(subscriber.secret)
    assert (first.body, second.body) == (event.body, event.body)
    with engine.begin() as connection:
        enqueue(connection, subscriber.id, event)  # it was accepted, and may be wanted again
    subscriber.deliver()
    assert receiver.effects()["undo-7"] == 3


def test_a_removed_subscription_is_sent_nothing_more(world: World, receiver: Receiver) -> None:
    with subscribed(world, receiver) as subscriber:
        subscriber.start()
    assert subscriber.deliver().delivered == 0
    assert receiver.received == []
