"""``step.once``: small durable calls inside a step, with the real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from threading import Event
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)
from sqlalchemy import Engine, create_engine

from airflow_wfstate import Step
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.exceptions import InvalidName, InvalidPayload, RecordedError, StaleAttempt
from airflow_wfstate.operators.steps.attempt import Attempt
from tests.support.airflow_rows import AirflowRows
from tests.support.secrets import knowing
from tests.support.world import World

NOW = datetime.now(timezone.utc)


@pytest.fixture
def engine(migrated_sqlite_url: str) -> Iterator[Engine]:
    engine = create_engine(migrated_sqlite_url)
    yield engine
    engine.dispose()


class Payments:
    """A step and its attempts, and an outside service that counts its calls."""

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


@pytest.mark.parametrize("attempts_before", [0, 1])
def test_a_name_that_this_attempt_has_used_is_refused_before_the_second_call(
    payments: Payments, attempts_before: int
) -> None:
    for _ in range(attempts_before):
        payments.step.once("pay", payments.pay, "ann")
        payments.die_and_retry()
    payments.step.once("pay", payments.pay, "ann")
    for who in ("bob", "ann"):
        with pytest.raises(InvalidName, match="'pay' was used before in this attempt") as refused:
            payments.step.once("pay", payments.pay, who)
    assert payments.calls == ["ann"]
    assert 'f"pay-{who}"' in refused.value.remedy


def test_of_two_threads_with_one_name_one_calls(payments: Payments) -> None:
    entered, refused = Event(), Event()

    def slow() -> str:
        entered.set()
        assert refused.wait(30)
        return "done"

    with ThreadPoolExecutor() as pool:
        first = pool.submit(payments.step.once, "pay", slow)
        assert entered.wait(30)
        with pytest.raises(InvalidName):
            payments.step.once("pay", slow)
        refused.set()
        assert first.result(30) == "done"


def test_the_calls_own_arguments_may_have_any_name(payments: Payments) -> None:
    def mail(name: str, function: str, step: int) -> list[object]:
        return [name, function, step]

    assert payments.step.once("mail", mail, name="Bob", function="clerk", step=1) == ["Bob", "clerk", 1]


def test_a_call_that_failed_may_be_tried_again_in_the_same_attempt_but_no_other_call_takes_its_name(
    payments: Payments,
) -> None:
    who = object()
    answers: list[Exception | str] = [ValueError("busy"), ValueError("busy"), "paid"]

    def pay(_who: object) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    for _ in range(2):
        with pytest.raises(ValueError, match="busy"):
            payments.step.once("pay", pay, who)
        with pytest.raises(InvalidName):
            payments.step.once("pay", pay, "another")
    assert payments.step.once("pay", pay, who) == "paid"
    with pytest.raises(InvalidName):
        payments.step.once("pay", pay, who)


@pytest.mark.parametrize(
    "steering", [AirflowSkipException("no"), DownstreamTasksSkipped(tasks=["a"]), AirflowRescheduleException(NOW)]
)
def test_what_steers_the_task_is_never_recorded(payments: Payments, steering: Exception) -> None:
    def steer() -> None:
        payments.calls.append("steered")
        raise steering

    for _ in range(2):
        with pytest.raises(type(steering)):
            payments.step.once("call", steer, record_errors=True)
        payments.die_and_retry()
    assert payments.calls == ["steered", "steered"]


def test_a_failure_for_good_is_an_error_and_recorded(payments: Payments) -> None:
    def decline() -> None:
        raise AirflowFailException("declined")

    with pytest.raises(AirflowFailException):
        payments.step.once("call", decline, record_errors=True)
    payments.die_and_retry()
    with pytest.raises(RecordedError, match="AirflowFailException: declined"):
        payments.step.once("call", decline, record_errors=True)


def test_a_recorded_error_answers_without_the_secret_that_only_the_first_process_knew(payments: Payments) -> None:
    def log_in() -> None:
        raise ValueError("login with correct-horse-battery failed")

    with knowing("correct-horse-battery"), pytest.raises(ValueError, match="login"):
        payments.step.once("call", log_in, record_errors=True)
    payments.die_and_retry()
    with pytest.raises(RecordedError, match=r"ValueError: login with \*\*\* failed"):
        payments.step.once("call", log_in, record_errors=True)


@pytest.mark.parametrize("wrap", [lambda function: function, lambda function: lambda who: function(who)])
def test_an_async_call_is_awaited_recorded_and_answered_to_be_awaited(
    payments: Payments, wrap: Callable[[Any], Any]
) -> None:
    async def fetch(who: str) -> dict[str, str]:
        await asyncio.sleep(0)
        payments.calls.append(who)
        return {"who": who}

    async def all_of_them() -> list[Any]:
        names = ["ann", "bob", "eve"]
        return await asyncio.gather(*[payments.step.once(f"fetch-{who}", wrap(fetch), who) for who in names])

    first = asyncio.run(all_of_them())
    payments.die_and_retry()
    again = asyncio.run(all_of_them())

    assert first == again == [{"who": "ann"}, {"who": "bob"}, {"who": "eve"}]
    assert payments.calls == ["ann", "bob", "eve"]


@pytest.mark.parametrize("wrap", [lambda function: function, lambda function: lambda: function()])
def test_an_async_error_is_recorded_when_asked_for(payments: Payments, wrap: Callable[[Any], Any]) -> None:
    async def decline() -> None:
        payments.calls.append("declined")
        raise ValueError("declined")

    async def call() -> None:
        pending = payments.step.once("call", wrap(decline), record_errors=True)
        await pending  # type: ignore[func-returns-value]  # what the lambda returns is not known to be awaitable

    with pytest.raises(ValueError, match="declined"):
        asyncio.run(call())
    payments.die_and_retry()
    with pytest.raises(RecordedError, match="ValueError: declined"):
        asyncio.run(call())
    assert payments.calls == ["declined"]


def test_of_two_async_calls_with_one_name_the_second_is_refused(payments: Payments) -> None:
    async def fetch(who: str) -> None:
        payments.calls.append(who)

    async def both() -> None:
        first = payments.step.once("fetch", fetch, "ann")
        try:
            payments.step.once("fetch", fetch, "bob")
        finally:
            await first

    with pytest.raises(InvalidName):
        asyncio.run(both())
    assert payments.calls == ["ann"]


def test_what_has_a_yield_is_refused_before_it_is_called(payments: Payments) -> None:
    def by_and_by() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    for number, function in enumerate((by_and_by, later, partial(by_and_by))):
        with pytest.raises(InvalidPayload, match="has a yield"):
            payments.step.once(f"call-{number}", function)
    with pytest.raises(InvalidPayload):
        payments.step.once("hidden", lambda: by_and_by())
    payments.die_and_retry()
    assert payments.step.once("hidden", lambda: "not recorded before") == "not recorded before"


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
    payments.die_and_retry()
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
