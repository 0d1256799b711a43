"""What a subscriber receives: the workflow's events, and then all of them again."""

from __future__ import annotations

import base64
import hashlib
import time

from airflow_wfstate.domain.messages.outbox.change_subscription import (
    AddSubscription,
    ContinueSubscription,
    PauseSubscription,
    RemoveSubscription,
    ReplaySubscription,
    RotateSecret,
)
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from tests.crash_grid.play import NAME, Hands

_PATIENCE_SECONDS = 60


def subscribe(hands: Hands) -> str:
    """An operator subscribes a webhook to this workflow."""
    hands.backend.add_subscription(
        AddSubscription(hands.key, hands.receiver.url, labels={"story": hands.key}, secret=_secret(hands.key))
    )
    return "success"


def tell_of_charge(hands: Hands) -> str:
    """Deliver what happened up to the charge."""
    return deliver_until(hands, "told step.succeeded")


def tell_of_end(hands: Hands) -> str:
    """Deliver what happened up to the end."""
    return deliver_until(hands, "told workflow.succeeded")


def change_subscription(hands: Hands) -> str:
    """An operator uses every operation on a subscription, and has everything sent again."""
    backend, (subscription_id,) = hands.backend, _ids(hands)
    workflow_id = backend.list_workflows(WorkflowQuery(name=NAME, key=hands.key)).workflows[0].id
    backend.pause_subscription(PauseSubscription(subscription_id))
    backend.rotate_secret(RotateSecret(subscription_id, secret=_secret(f"{hands.key} again")))
    backend.replay_subscription(ReplaySubscription(subscription_id, f"{workflow_id}:1"))
    backend.continue_subscription(ContinueSubscription(subscription_id))
    return "success"


def unsubscribe(hands: Hands) -> str:
    """An operator removes the subscription."""
    for subscription_id in _ids(hands):
        hands.backend.remove_subscription(
            RemoveSubscription(subscription_id, idempotency_key=f"{hands.key}-unsubscribe")
        )
    return "success"


def deliver_until(hands: Hands, effect: str) -> str:
    """Make passes that deliver, until an effect has come. One suffices, unless another process had the lease."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        hands.deliver()
        if effect in hands.receiver.effects(hands.key):
            return "success"
        if time.monotonic() > until:
            raise AssertionError(f"{effect} did not come")
        time.sleep(0.2)


def _ids(hands: Hands) -> list[str]:
    found = hands.backend.list_subscriptions().subscriptions
    return [subscription.id for subscription in found if subscription.name == hands.key]


def _secret(text: str) -> str:
    """A secret that is the same in every call."""
    return "whsec_" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
