"""The contract of tokens: an attempt creates one, an outsider uses it once, and nobody else can do anything with it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.step import BegunStep, EndAttempt
from airflow_wfstate.domain.messages.token import CreateToken
from airflow_wfstate.domain.messages.wait import LookAtWaits, RegisteredWait
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.waiting import WaitOutcome
from airflow_wfstate.exceptions import InvalidName, InvalidRequest, NotFound, StaleAttempt, WriteConflict
from airflow_wfstate.store.database import wait_tables
from tests.support.world import World


@dataclass
class Asking:
    """A step that has asked a partner and waits for the answer."""

    world: World
    begun: BegunStep
    task: str
    write: int = 0
    tokens: list[str] = field(default_factory=list)
    wait: RegisteredWait | None = None

    def create(self, name: str = "callback", expires: float = 3600) -> RegisteredWait:
        """Create a token."""
        self.write += 1
        self.tokens.append(secrets.token_urlsafe(32))
        created = self.world.backend.create_token(
            CreateToken(self.begun.attempt_key, self.write, name, _sha256(self.tokens[-1]), expires)
        )
        self.wait = created.wait
        return created.wait

    def defer(self) -> None:
        """Defer the task, so that it waits in the triggerer."""
        self.write += 1
        self.world.backend.end_attempt(EndAttempt(self.begun.attempt_key, self.write, StepState.WAITING))
        self.world.rows.set_task_state(self.task, "deferred")

    def go_on(self) -> BegunStep:
        """Continue the task after its wait."""
        self.world.rows.set_task_state(self.task, "running")
        self.begun = self.world.begin_as(self.task, "ask")
        return self.begun

    def has_ended(self) -> bool:
        """Whether a triggerer would be told that the wait has ended."""
        assert self.wait is not None
        return self.world.backend.look_at_waits(LookAtWaits([self.wait.wait_id])).wait_ids == [self.wait.wait_id]

    def answer(self, value: JsonValue = "yes", token: str | None = None) -> bool:
        """Answer as the partner does, and return whether the answer was accepted."""
        server = DatabaseBackend(self.world.rows.engine)
        return server.use_token(token or self.tokens[-1], Payload.of(value)).accepted


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def asking(world: World) -> Asking:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "ask")
    return Asking(world, begun, task)


def test_an_answer_ends_the_wait_and_is_what_the_step_gets(asking: Asking) -> None:
    assert asking.create().outcome is None
    asking.defer()
    assert not asking.has_ended()

    assert asking.answer({"price": 12})

    assert asking.has_ended()
    asking.go_on()
    wait = asking.create()
    assert (wait.outcome, wait.output) == (WaitOutcome.ARRIVED, Payload.of({"price": 12}))
    told = asking.world.journal(asking.begun.workflow.id)[-2]
    assert (told.kind.value, told.actor, told.data["wait"]) == ("step.answered", "token", "callback")
    assert "price" not in str(told.data)


def test_a_token_is_kept_as_its_hash_alone(asking: Asking) -> None:
    asking.create()

    token = wait_tables.token
    with asking.world.rows.engine.connect() as connection:
        (row,) = connection.execute(select(token).where(token.c.sha256 == _sha256(asking.tokens[0])))
    assert asking.tokens[0] not in str(row)


def test_the_same_again_is_accepted_and_changes_nothing(asking: Asking) -> None:
    asking.create()
    asking.defer()
    assert asking.answer("yes")
    told = asking.world.told(asking.begun.workflow.id)

    assert asking.answer("yes")

    assert asking.world.told(asking.begun.workflow.id) == told
    with pytest.raises(NotFound, match="There is no such token, or it was already used or has expired"):
        asking.answer("no")


def test_strangers_all_get_one_answer(asking: Asking) -> None:
    asking.create()
    refusals = []
    for token in (secrets.token_urlsafe(32), "x", "", "a" * 5000, "ü" * 43):
        with pytest.raises(NotFound) as refused:
            DatabaseBackend(asking.world.rows.engine).use_token(token, Payload.of(1))
        refusals.append(str(refused.value))
    _run_out_of_time(asking)
    with pytest.raises(NotFound) as refused:
        asking.answer()

    assert set(refusals) == {str(refused.value)}


def test_an_expired_token_ends_the_wait_without_an_answer(asking: Asking) -> None:
    asking.create()
    asking.defer()
    _run_out_of_time(asking)

    assert asking.has_ended()
    asking.go_on()
    wait = asking.create()
    assert wait.outcome is WaitOutcome.EXPIRED
    assert wait.reason is not None
    assert wait.reason.startswith("Nobody used the token (until ")
    with pytest.raises(NotFound):  # a token that was created for a wait that is over
        asking.answer()


def test_a_retry_goes_on_and_each_of_its_tokens_ends_the_same_wait(asking: Asking) -> None:
    first = asking.create(expires=600)
    asking.write += 1
    asking.world.fail(asking.begun, write=asking.write)
    asking.task = asking.world.rows.next_try(asking.task)
    asking.begun, asking.write = asking.world.begin_as(asking.task, "ask"), 0

    second = asking.create(expires=600)

    assert second == first
    assert asking.answer("by the first", token=asking.tokens[0])
    with pytest.raises(NotFound):
        asking.answer("by the second")
    assert asking.create().output == Payload.of("by the first")


def test_an_answer_between_two_attempts_is_kept_for_the_next(asking: Asking) -> None:
    asking.create()
    asking.write += 1
    asking.world.fail(asking.begun, write=asking.write)

    assert asking.answer("yes")

    asking.task = asking.world.rows.next_try(asking.task)
    asking.begun, asking.write = asking.world.begin_as(asking.task, "ask"), 0
    assert asking.create().output == Payload.of("yes")


def test_a_step_that_is_done_or_cancelled_takes_no_answer(asking: Asking) -> None:
    asking.create("one")
    asking.create("two")
    asking.world.backend.cancel_workflow(CancelWorkflow(asking.begun.workflow.id))

    for token in asking.tokens:
        with pytest.raises(NotFound):
            asking.answer(token=token)


def test_waits_of_different_names_are_ended_each_by_its_own(asking: Asking) -> None:
    first = asking.create("one")
    second = asking.create("two")
    assert first.wait_id != second.wait_id

    assert asking.answer("second")

    assert asking.create("one").outcome is None
    assert asking.create("two").output == Payload.of("second")


def test_the_request_for_a_token_can_be_sent_again(asking: Asking) -> None:
    request = CreateToken(asking.begun.attempt_key, 1, "callback", _sha256("a"), 3600)
    answer = asking.world.backend.create_token(request)

    assert asking.world.backend.create_token(request) == answer
    with pytest.raises(WriteConflict):
        asking.world.backend.create_token(CreateToken(request.attempt_key, 1, "callback", _sha256("b"), 3600))


def test_what_is_no_token_is_refused(asking: Asking) -> None:
    key = asking.begun.attempt_key
    for request, error in (
        (CreateToken(key, 1, " ", _sha256("a"), 60), InvalidName),
        (CreateToken(key, 1, "callback", "abc", 60), InvalidRequest),
        (CreateToken(key, 1, "callback", _sha256("a"), -1), InvalidRequest),
        (CreateToken(key, 0, "callback", _sha256("a"), 60), InvalidRequest),
    ):
        with pytest.raises(error):
            asking.world.backend.create_token(request)
    asking.defer()
    with pytest.raises(StaleAttempt, match="Only a running attempt creates tokens"):
        asking.create()


def _run_out_of_time(asking: Asking) -> None:
    assert asking.wait is not None
    wait = wait_tables.wait
    with asking.world.rows.engine.begin() as connection:
        connection.execute(
            update(wait)
            .where(wait.c.id == asking.wait.wait_id)
            .values(
                registered_at=asking.wait.registered_at - timedelta(days=1),
                deadline_at=asking.wait.registered_at - timedelta(hours=1),
            )
        )
