"""Events of several requests that arrive together share one transaction, and each request gets its own answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.event import EventResult, Sender, Verdict
from airflow_wfstate.exceptions import DatabaseUnavailable
from airflow_wfstate.store.events import batch, gathering
from airflow_wfstate.store.events.delivery import Delivery
from airflow_wfstate.store.events.gathering import Gathering
from airflow_wfstate.store.events.receive import receive_events
from tests.support.services import Shop

_ADMIN = Sender("user:admin", frozenset({"admin"}))
_STRANGER = Sender("user:stranger", frozenset({"stranger"}))


@pytest.fixture
def backend(migrated_postgres_url: str) -> Iterator[DatabaseBackend]:
    engine = create_engine(migrated_postgres_url)
    yield DatabaseBackend(engine)
    engine.dispose()


@pytest.fixture
def shop(backend: DatabaseBackend) -> Shop:
    return Shop(backend).apply()


class Meeting:
    """Requests that meet: the first is held in its transaction until all others wait.

    :param sizes: of the groups that were applied together, in events.
    """

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self._engine = engine
        self._meets = Gathering(engine)
        self._plain = gathering.apply_deliveries
        self._first_is_in, self._others_wait = Event(), Event()
        monkeypatch.setattr(gathering, "apply_deliveries", self._apply)

    def _apply(self, engine: Engine, deliveries: Sequence[Delivery]) -> None:
        self.sizes.append(len(deliveries))
        if len(self.sizes) == 1:
            self._first_is_in.set()
            assert self._others_wait.wait(30)
        self._plain(engine, deliveries)

    def send(self, first: dict[str, Any], *others: tuple[dict[str, Any], Sender]) -> list[Future[EventResult]]:
        """Send each in its own request; return when all have been answered."""

        def request(event: dict[str, Any], sender: Sender) -> EventResult:
            (result,) = receive_events(self._engine, [event], sender, self._meets).results
            return result

        with ThreadPoolExecutor(len(others) + 1) as pool:
            answers = [pool.submit(request, first, _ADMIN)]
            assert self._first_is_in.wait(30)
            for number, (event, sender) in enumerate(others, 1):
                answers.append(pool.submit(request, event, sender))
                while len(self._meets._waiting) < number:
                    assert not answers[-1].done()
            self._others_wait.set()
        return answers


def test_each_request_has_its_own_verdict(
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
    meeting = Meeting(backend.engine, monkeypatch)
    twice = shop.placed("3")

    answers = meeting.send(
        shop.placed("2"),
        (twice, _ADMIN),
        (poison, _ADMIN),
        (shop.placed("4"), _STRANGER),
        (twice, _ADMIN),
        (shop.event("carrier", "collected", "nobody"), _ADMIN),
        (shop.event("carrier", "collected", "1"), _ADMIN),
    )

    assert [answer.result().verdict for answer in answers] == [
        Verdict.APPLIED,
        Verdict.APPLIED,
        Verdict.DEAD,
        Verdict.REFUSED,
        Verdict.DUPLICATE,
        Verdict.PARKED,
        Verdict.APPLIED,
    ]
    assert "user:stranger may not send" in (answers[3].result().reason or "")
    assert meeting.sizes == [1, 5, 1]  # the repetition comes after what it repeats
    assert shop.states("1") == {"shop.place": "succeeded", "carrier.deliver": "running"}


def test_an_outage_is_told_to_all_and_the_next_request_is_served(
    backend: DatabaseBackend, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(backend.engine, monkeypatch)
    plain = meeting._plain

    def away(engine: Engine, deliveries: Sequence[Delivery]) -> None:
        if len(deliveries) > 1:
            raise DatabaseUnavailable("The database does not answer.", "Try again.")
        plain(engine, deliveries)

    monkeypatch.setattr(meeting, "_plain", away)
    first, *others = meeting.send(shop.placed("1"), (shop.placed("2"), _ADMIN), (shop.placed("3"), _ADMIN))

    assert first.result().verdict is Verdict.APPLIED
    for answer in others:
        with pytest.raises(DatabaseUnavailable):
            answer.result()
    assert meeting.send(shop.placed("2"))[0].result().verdict is Verdict.APPLIED


def test_no_request_waits_for_ever_for_the_transaction_of_another(
    backend: DatabaseBackend, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    meets = Gathering(backend.engine)
    plain = gathering.apply_deliveries
    is_in, may_end = Event(), Event()

    def stuck(engine: Engine, deliveries: Sequence[Delivery]) -> None:
        is_in.set()
        assert may_end.wait(30)
        plain(engine, deliveries)

    monkeypatch.setattr(gathering, "apply_deliveries", stuck)
    monkeypatch.setattr(gathering, "_PATIENCE_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(receive_events, backend.engine, [shop.placed("1")], _ADMIN, meets)
        assert is_in.wait(30)
        with pytest.raises(DatabaseUnavailable, match="has not ended"):
            receive_events(backend.engine, [shop.placed("2")], _ADMIN, meets)
        may_end.set()
        assert first.result().results[0].verdict is Verdict.APPLIED

    after = receive_events(backend.engine, [shop.placed("2")], _ADMIN, meets)
    assert after.results[0].verdict is Verdict.APPLIED
