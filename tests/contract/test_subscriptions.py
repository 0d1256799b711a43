"""Subscriptions, on every backend. Their delivery is tested in tests/store/test_delivery.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from airflow_wfstate.domain.messages.outbox.change_subscription import (
    AddSubscription,
    ContinueSubscription,
    PauseSubscription,
    RemoveSubscription,
    ReplaySubscription,
    RotateSecret,
)
from airflow_wfstate.domain.messages.outbox.subscription import (
    Subscription,
    SubscriptionFilter,
    SubscriptionState,
)
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.webhooks.secret import new_webhook_secret
from airflow_wfstate.exceptions import Conflict, InvalidName, InvalidRequest, NotFound
from tests.support.world import World

URL = "https://hooks.example.com/wfstate"


def _request(world: World, **more: object) -> AddSubscription:
    name = world.unique("warehouse")
    return replace(AddSubscription(name, URL, names=[name]), **more)  # type: ignore[arg-type]


def _listed(world: World, subscription_id: str) -> list[Subscription]:
    found = world.backend.list_subscriptions().subscriptions
    return [subscription for subscription in found if subscription.id == subscription_id]


@pytest.fixture
def subscription_id(world: World) -> Iterator[str]:
    added = world.backend.add_subscription(_request(world)).subscription
    yield added.id
    if _listed(world, added.id):
        world.backend.remove_subscription(RemoveSubscription(added.id))


def test_what_was_added_is_listed_without_its_secret(world: World) -> None:
    request = _request(
        world,
        states=[WorkflowState.FAILED, WorkflowState.SUCCEEDED],
        labels={"region": "eu"},
        kinds=[EntryKind.WORKFLOW_FAILED],
        secret=new_webhook_secret(),
    )
    answer = world.backend.add_subscription(request)
    added = answer.subscription
    assert answer.secret == request.secret
    assert (added.name, added.url, added.state) == (request.name, URL, SubscriptionState.ACTIVE)
    assert added.wanted == SubscriptionFilter(
        [request.name], [WorkflowState.SUCCEEDED, WorkflowState.FAILED], {"region": "eu"}, [EntryKind.WORKFLOW_FAILED]
    )
    (listed,) = _listed(world, added.id)
    assert listed == added
    assert answer.secret not in repr(listed)
    world.backend.remove_subscription(RemoveSubscription(added.id))


@pytest.mark.parametrize("told", [{"secret": new_webhook_secret()}, {"idempotency_key": "key"}])
def test_sent_again_it_is_added_once(world: World, told: dict[str, str]) -> None:
    if "idempotency_key" in told:
        told = {"idempotency_key": world.unique("key")}
    request = _request(world, **told)
    first, second = world.backend.add_subscription(request), world.backend.add_subscription(request)
    assert (first.subscription.id, first.secret) == (second.subscription.id, second.secret)
    assert second.secret.startswith("whsec_")
    unkeyed = replace(request, idempotency_key=None)
    for other in (replace(unkeyed, url=f"{URL}/other"), AddSubscription(request.name, URL, names=request.names)):
        with pytest.raises(Conflict, match="already"):
            world.backend.add_subscription(other)
    world.backend.remove_subscription(RemoveSubscription(first.subscription.id))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://hooks.example.com"},
        {"url": "http://hooks.example.com"},
        {"url": "https://10.0.0.1/"},
        {"url": "https://[::ffff:10.0.0.1]/"},
        {"url": "https://user:password@hooks.example.com/"},
        {"start": "yesterday"},
        {"start": "2026-03-01T12:00:00"},
        {"secret": "whsec_short"},
        {"names": ["x"] * 101},
        {"kinds": [EntryKind.STEP_BEGAN], "states": [WorkflowState.FAILED]},
    ],
)
def test_what_makes_no_sense_is_refused(world: World, wrong: dict[str, object]) -> None:
    request = _request(world, **wrong)
    with pytest.raises(InvalidRequest):
        world.backend.add_subscription(request)
    assert request.name not in [found.name for found in world.backend.list_subscriptions().subscriptions]


def test_names_are_names(world: World) -> None:
    for name in ("", "x" * 251, "a\x00b"):
        with pytest.raises((InvalidName, InvalidRequest)):
            world.backend.add_subscription(AddSubscription(name, URL))


def test_an_entry_to_begin_with_is_there(world: World, subscription_id: str) -> None:
    nowhere = f"{uuid4()}:1"
    with pytest.raises(NotFound, match="no journal entry"):
        world.backend.replay_subscription(ReplaySubscription(subscription_id, nowhere))
    with pytest.raises(NotFound, match="no journal entry"):
        world.backend.add_subscription(_request(world, start=nowhere))


def test_pause_continue_and_replay(world: World, subscription_id: str) -> None:
    paused = world.backend.pause_subscription(PauseSubscription(subscription_id, "they move house"))
    assert paused.state is SubscriptionState.PAUSED
    assert str(paused.paused_because).endswith(": they move house")
    assert world.backend.replay_subscription(ReplaySubscription(subscription_id, "beginning")).state is paused.state
    continued = world.backend.continue_subscription(ContinueSubscription(subscription_id))
    assert (continued.state, continued.paused_because) == (SubscriptionState.ACTIVE, None)
    assert _listed(world, subscription_id) == [continued]


def test_a_secret_is_replaced_once(world: World, subscription_id: str) -> None:
    request = RotateSecret(subscription_id, idempotency_key=world.unique("key"))
    first, second = world.backend.rotate_secret(request), world.backend.rotate_secret(request)
    assert first == second
    given = RotateSecret(subscription_id, secret=new_webhook_secret())
    assert [world.backend.rotate_secret(given).secret for _ in range(2)] == [given.secret] * 2
    assert world.backend.rotate_secret(RotateSecret(subscription_id)).secret not in (first.secret, given.secret)
    assert first.subscription.previous_secret_until is not None
    for wrong in (RotateSecret(subscription_id, -1), RotateSecret(subscription_id, 2592001)):
        with pytest.raises(InvalidRequest):
            world.backend.rotate_secret(wrong)


def test_what_is_removed_is_gone(world: World, subscription_id: str) -> None:
    assert world.backend.list_waiting_deliveries(subscription_id).total == 0
    removed = world.backend.remove_subscription(RemoveSubscription(subscription_id))
    assert (removed.id, removed.waiting) == (subscription_id, 0)
    assert _listed(world, subscription_id) == []


@pytest.mark.parametrize("unknown", ["00000000-0000-7000-8000-000000000000", "warehouse", ""])
def test_an_unknown_subscription(world: World, unknown: str) -> None:
    backend = world.backend
    for ask in (
        lambda: backend.list_waiting_deliveries(unknown),
        lambda: backend.pause_subscription(PauseSubscription(unknown)),
        lambda: backend.continue_subscription(ContinueSubscription(unknown)),
        lambda: backend.replay_subscription(ReplaySubscription(unknown, "now")),
        lambda: backend.remove_subscription(RemoveSubscription(unknown)),
        lambda: backend.rotate_secret(RotateSecret(unknown)),
    ):
        with pytest.raises(NotFound, match="subscription"):
            ask()
