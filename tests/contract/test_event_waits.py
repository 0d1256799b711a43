"""The contract of waits for events: a step's round waits for a service's event, or for one that contradicts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.step import BegunStep
from airflow_wfstate.domain.messages.wait import LookAtWaits, RegisteredWait, RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome
from airflow_wfstate.exceptions import InvalidAttemptKey, InvalidRequest
from tests.support.services import Shop
from tests.support.world import World


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, on_failure="compensate").apply()


@dataclass
class Waiting:
    """A step of a DAG that waits for an event."""

    world: World
    task: str
    begun: BegunStep
    target: WaitTarget
    ids: list[str] = field(default_factory=list)

    @classmethod
    def of_own_workflow(cls, world: World, shop: Shop, event: str = "captured") -> Waiting:
        """A wait in a workflow that its own run has started."""
        run_id = world.rows.add_run("intake")
        world.start(run_id, name=shop.name, key="1")
        return cls(world, *world.begin(run_id, "wait"), WaitTarget(WaitKind.EVENT, "", "", event=event))

    @classmethod
    def of_another(cls, world: World, target: WaitTarget) -> Waiting:
        """A wait in a run that has nothing to do with the workflow."""
        return cls(world, *world.begin(world.rows.add_run("ledger"), "wait", dag_id="ledger"), target)

    def register(self, timeout: float | None = None) -> RegisteredWait:
        """Register the wait, or find out how it ended."""
        request = RegisterWait(self.task, self.target, timeout, attempt_key=self.begun.attempt_key)
        wait = self.world.backend.register_wait(request)
        self.ids.append(wait.wait_id)
        return wait

    def has_ended(self) -> bool:
        """Whether a triggerer would be told that the wait has ended."""
        return self.world.backend.look_at_waits(LookAtWaits([self.ids[-1]])).wait_ids == [self.ids[-1]]

    def retry(self) -> None:
        """Begin the next attempt, as when Airflow retries a failed task."""
        self.task = self.world.rows.next_try(self.task)
        self.begun = self.world.begin_as(self.task, "wait")


def test_an_event_ends_the_wait_and_its_data_is_the_output(world: World, shop: Shop) -> None:
    waiting = Waiting.of_own_workflow(world, shop)
    assert waiting.register(600).outcome is None
    shop.send(shop.event("payments", "authorised", "1"))
    assert not waiting.has_ended()

    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))

    assert waiting.has_ended()
    wait = waiting.register(600)
    assert wait.outcome is WaitOutcome.ARRIVED
    assert wait.output is not None
    assert wait.output.value() == {"order_id": "1", "amount": 30}


def test_an_event_that_came_before_is_found_and_stays_the_first(world: World, shop: Shop) -> None:
    waiting = Waiting.of_own_workflow(world, shop)
    shop.send(shop.event("payments", "captured", "1", {"amount": 1}))
    first = waiting.register()
    assert first.outcome is WaitOutcome.ARRIVED
    shop.send(shop.event("payments", "captured", "1", {"amount": 2}))

    waiting.retry()

    assert waiting.register() == first


def test_what_contradicts_the_event_ends_the_wait_at_once(world: World, shop: Shop) -> None:
    waiting = Waiting.of_own_workflow(world, shop)
    waiting.register()

    shop.send(shop.event("payments", "declined", "1", {"reason": "no money"}))

    assert waiting.has_ended()
    wait = waiting.register()
    assert wait.outcome is WaitOutcome.IMPOSSIBLE
    assert wait.reason is not None
    assert wait.reason.startswith(f"No event captured of workflow {shop.name} / 1 came")


def test_a_cancelled_workflow_ends_the_wait(world: World, shop: Shop) -> None:
    target = WaitTarget(WaitKind.EVENT, shop.name, "1", event="delivered")
    waiting = Waiting.of_another(world, target)
    shop.send(shop.placed("1"))
    assert waiting.register().outcome is None

    world.backend.cancel_workflow(CancelWorkflow(shop.find("1").summary.id))

    assert waiting.has_ended()
    wait = waiting.register()
    assert wait.outcome is WaitOutcome.IMPOSSIBLE
    assert wait.reason == (
        f"No event delivered of workflow {shop.name} / 1 came, and it can no longer count: the workflow is cancelled."
    )


def test_another_workflow_is_named_by_its_key_and_may_start_later(world: World, shop: Shop) -> None:
    waiting = Waiting.of_another(world, WaitTarget(WaitKind.EVENT, shop.name, "1", event="captured"))
    assert waiting.register().outcome is None
    assert not waiting.has_ended()
    shop.send(shop.placed("1"))
    assert not waiting.has_ended()

    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))

    assert waiting.has_ended()


def test_an_event_that_waits_for_its_workflow_is_found(world: World, shop: Shop) -> None:
    waiting = Waiting.of_another(world, WaitTarget(WaitKind.EVENT, shop.name, "1", event="captured"))
    waiting.register()

    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))

    assert waiting.has_ended()
    assert waiting.register().outcome is WaitOutcome.ARRIVED


def test_a_correlation_id_names_the_workflow(world: World, shop: Shop) -> None:
    correlation_id = world.unique("correlation")
    target = WaitTarget(WaitKind.EVENT, "", "", event="captured", correlation_id=correlation_id)
    waiting = Waiting.of_another(world, target)
    assert waiting.register().outcome is None
    shop.send(shop.placed("1", correlationid=correlation_id))
    assert not waiting.has_ended()

    shop.send(shop.event("payments", "captured", "1", {"amount": 30}, correlationid=correlation_id))

    assert waiting.has_ended()
    wait = waiting.register()
    assert wait.workflow is not None
    assert wait.workflow.name == shop.name


def test_a_retry_does_not_start_the_time_over_and_a_resume_does(world: World, shop: Shop) -> None:
    waiting = Waiting.of_own_workflow(world, shop)
    first = waiting.register(600)
    waiting.retry()
    assert waiting.register(600) == first

    expired = waiting.register(0)
    assert expired.outcome is WaitOutcome.EXPIRED
    assert expired.reason is not None
    assert expired.reason.startswith(f"No event captured of workflow {shop.name} / 1 came (until ")
    world.rows.set_task_state(waiting.task, "failed", ended_ago=timedelta(0))
    waiting.retry()
    assert waiting.register(600).registered_at > first.registered_at


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        (WaitTarget(WaitKind.EVENT, "", "", event=""), "type of the event is empty"),
        (WaitTarget(WaitKind.EVENT, "", "", ["failed"], event="captured"), "cannot have states or a step"),
        (WaitTarget(WaitKind.EVENT, "a", "b", event="captured", correlation_id="c"), "both a key and a correlation id"),
        (WaitTarget(WaitKind.WORKFLOW, "a", "b", ["failed"], event="captured"), "cannot have an event"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(world: World, target: WaitTarget, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        Waiting.of_another(world, target).register()


def test_the_wait_belongs_to_an_attempt_of_the_task(world: World, shop: Shop) -> None:
    waiting = Waiting.of_own_workflow(world, shop)
    with pytest.raises(InvalidRequest, match="cannot have an attempt"):
        world.backend.register_wait(RegisterWait(waiting.task, waiting.target))
    other = Waiting.of_another(world, waiting.target)
    with pytest.raises(InvalidAttemptKey, match="belongs to another task"):
        world.backend.register_wait(RegisterWait(waiting.task, waiting.target, attempt_key=other.begun.attempt_key))


def test_a_wait_for_the_news_of_an_undo_lives_while_the_workflow_is_undone(world: World) -> None:
    shop = Shop(world.backend, on_failure="compensate", within="PT1H").apply()
    target = WaitTarget(WaitKind.EVENT, shop.name, "1", event="refunded")
    waiting = Waiting.of_another(world, target)
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"))
    assert waiting.register(600).outcome is None
    world.backend.cancel_workflow(CancelWorkflow(shop.find("1").summary.id, compensate=True))
    assert not waiting.has_ended()

    shop.send(shop.event("payments", "refunded", "1"))

    assert waiting.has_ended()
    assert waiting.register(600).outcome is WaitOutcome.ARRIVED
