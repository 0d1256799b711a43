"""``step.once``: small durable calls inside a step, with the real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate import Step
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.exceptions import InvalidName, InvalidPayload, RecordedError, StaleAttempt
from airflow_wfstate.operators.attempt import Attempt
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def engine(migrated_sqlite_url: str) -> Iterator[Engine]:
    engine = create_engine(migrated_sqlite_url)
    yield engine
    engine.dispose()


class Payments:
    """A step at its attempts, and an outside service that counts its calls."""

    def __init__(self, world: World) -> None:
        self.world = world
        run_id = world.rows.add_run("intake")
        world.start(run_id)
        self.task, begun = world.begin(run_id, "pay")
        self.step = Step(Attempt(world.backend, begun))
        self.calls: list[str] = []

    def pay(self, who: str) -> dict[str, object]:
        self.calls.append(who)
        return {"who": who, "amount": Decimal("1.10"), "at": datetime(2026, 1, 1, tzinfo=timezone.utc)}

    def refuse(self, who: str) -> None:
        self.calls.append(who)
        raise ValueError(f"no account of {who}")

    def die_and_retry(self) -> None:
        """The process dies; Airflow's retry begins the next attempt."""
        self.task = self.world.rows.next_try(self.task)
        self.step = Step(Attempt(self.world.backend, self.world.begin_as(self.task, "pay")))


@pytest.fixture
def payments(engine: Engine) -> Payments:
    return Payments(World(DatabaseBackend(engine), AirflowRows(engine)))


def test_a_call_is_made_once_and_answers_later_attempts(payments: Payments) -> None:
    first = payments.step.once("call-ann", payments.pay, who="ann")
    payments.die_and_retry()
    again = payments.step.once("call-ann", payments.pay, who="ann")
    payments.step.once("call-bob", payments.pay, "bob")
    payments.die_and_retry()
    payments.step.once("call-ann", payments.pay, "ann")
    payments.step.once("call-bob", payments.pay, "bob")

    assert again == first
    assert payments.calls == ["ann", "bob"]


def test_a_call_is_made_once_in_one_attempt_too(payments: Payments) -> None:
    payments.step.once("call", payments.pay, "ann")

    assert payments.step.once("call", payments.pay, "somebody else")["who"] == "ann"
    assert payments.calls == ["ann"]


def test_an_error_is_tried_again_unless_it_is_recorded(payments: Payments) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="no account of eve"):
            payments.step.once("call-eve", payments.refuse, "eve")
        payments.die_and_retry()
    assert payments.calls == ["eve", "eve"]

    with pytest.raises(ValueError, match="no account of mal"):
        payments.step.once("call-mal", payments.refuse, "mal", record_errors=True)
    payments.die_and_retry()
    with pytest.raises(RecordedError, match="'call-mal' failed in an earlier attempt: ValueError: no account of mal"):
        payments.step.once("call-mal", payments.refuse, "mal", record_errors=True)
    assert payments.calls == ["eve", "eve", "mal"]


def test_a_result_that_cannot_be_stored_is_refused_and_not_recorded(payments: Payments) -> None:
    with pytest.raises(InvalidPayload):
        payments.step.once("call", lambda: object())
    assert payments.step.once("call", lambda: "stored") == "stored"


def test_names_and_zombies(payments: Payments) -> None:
    zombie = payments.step
    with pytest.raises(InvalidName):
        zombie.once("", payments.pay, "ann")
    payments.die_and_retry()
    with pytest.raises(StaleAttempt):
        zombie.once("call", payments.pay, "ann")


def test_thousands_of_calls_are_read_back_in_pages(payments: Payments) -> None:
    for number in range(1_050):
        payments.step.once(f"call-{number}", str, number)
    payments.die_and_retry()

    assert payments.step.once("call-1049", payments.pay, "nobody") == "1049"
    assert payments.calls == []
