"""Requests that change subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.outbox.subscription import ONE, TAG, Subscription, SubscriptionFilter
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.labels import check_labels
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.domain.rules.webhooks.secret import check_webhook_secret
from airflow_wfstate.domain.rules.webhooks.stream_point import NOW, parse_stream_point
from airflow_wfstate.domain.rules.webhooks.url import check_webhook_url
from airflow_wfstate.exceptions import InvalidRequest

MAX_NAMES: Final = 100
"""The most workflow names in one filter."""

MAX_SUBSCRIPTIONS: Final = 100
"""The most subscriptions in total. Each one reads the stream separately."""

MAX_KEPT_SECONDS: Final = 30 * 86_400
"""The longest time for which a replaced secret continues to sign."""


@dataclass(frozen=True)
class SubscriptionSecret:
    """A subscription with its secret, which is shown only here."""

    subscription: Subscription
    secret: str


@dataclass(frozen=True)
class RemovedSubscription:
    """The subscription that was removed.

    :param waiting: deliveries that waited for another attempt, and were dropped with it.
    """

    id: str
    name: str
    waiting: int


@dataclass(frozen=True)
class AddSubscription:
    """The request for a new subscription. Sent again with the same content and a secret, it changes nothing.

    :param url: where to send events; https, unless ``[wfstate] webhook_hosts`` lists the host.
    :param requests_only: send no changes, only requests to this subscriber, such as a service's requests to undo its
        steps. Cannot be combined with other filters.
    :param start: where to begin: ``now``, ``beginning``, a time with an offset, or the id of an event.
    :param secret: ``whsec_`` and base64; None to generate one.
    :param actor: who makes the request: ``cli:name``. Over HTTP it is always the token's user.
    """

    name: str
    url: str
    names: list[str] = field(default_factory=list)
    states: list[WorkflowState] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    kinds: list[EntryKind] = field(default_factory=list)
    requests_only: bool = False
    start: str = NOW
    secret: str | None = None
    actor: str = "cli:unknown"
    idempotency_key: str | None = None

    @property
    def wanted(self) -> SubscriptionFilter:
        """The requested filter."""
        return SubscriptionFilter(
            sorted(set(self.names)),
            [state for state in WorkflowState if state in self.states],
            dict(sorted(self.labels.items())),
            [kind for kind in EntryKind if kind in self.kinds],
            self.requests_only,
        )

    def check(self) -> None:
        """Check everything that can be checked without the store.

        :raises InvalidRequest: a name, the URL, a label, the starting point or the secret is not valid; or no kind of
            entry can pass the filter.
        """
        check_name("subscription name", self.name)
        check_webhook_url(self.url)
        if self.secret is not None:
            check_webhook_secret(self.secret)
        parse_stream_point(self.start)
        if len(self.names) > MAX_NAMES:
            raise InvalidRequest(f"The filter has {len(self.names)} workflow names.", f"Give at most {MAX_NAMES}.")
        for name in self.names:
            check_name("workflow name", name)
        check_labels(self.labels)
        if self.requests_only and (self.names or self.states or self.labels or self.kinds):
            raise InvalidRequest(
                "A subscription with requests_only gets no changes, but a filter for changes is given.",
                "Leave out the names, states, labels and kinds, or requests_only.",
            )
        if not self.requests_only and not self.wanted.wanted_kinds():
            raise InvalidRequest(
                "Nothing can pass this filter: no entry of these kinds brings a workflow into one of the states.",
                "Leave out the kinds, or the states.",
            )


@dataclass(frozen=True)
class PauseSubscription:
    """The request to stop sending to a subscriber for now. A delivery that is in progress may still arrive.

    :param reason: the reason, shown in the list; None for none.
    """

    subscription_id: str
    reason: str | None = field(default=None, metadata=MASKED)
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class ContinueSubscription:
    """The request to deliver a paused or unavailable subscription again, including its parked deliveries, at once."""

    subscription_id: str
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class ReplaySubscription:
    """The request to deliver a subscription from another point, earlier or later.

    :param start: as for :class:`AddSubscription`. Deliveries that wait for another attempt are dropped. They are sent
        again if they come after this point.
    """

    subscription_id: str
    start: str
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RemoveSubscription:
    """The request to remove a subscription."""

    subscription_id: str
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RotateSecret:
    """The request for a new secret. Sent again with the same secret, it changes nothing.

    :param secret: the new secret; None to generate one.
    :param keep_seconds: how long the previous secret also signs, so that the receiver can switch; 0 for not at all.
        Default: one day.
    """

    subscription_id: str
    keep_seconds: int = 86_400
    secret: str | None = None
    actor: str = "cli:unknown"
    idempotency_key: str | None = None

    def check(self) -> None:
        """Check the request.

        :raises InvalidRequest: the secret or the time is out of range.
        """
        if self.secret is not None:
            check_webhook_secret(self.secret)
        if not 0 <= self.keep_seconds <= MAX_KEPT_SECONDS:
            raise InvalidRequest(
                f"keep_seconds is {self.keep_seconds}.", f"Give 0 to {MAX_KEPT_SECONDS} seconds, which is 30 days."
            )


ADD_SUBSCRIPTION: Final = Operation(
    name="add_subscription",
    method="POST",
    path="/subscriptions",
    request=AddSubscription,
    answer=SubscriptionSecret,
    says="Send changes to a webhook from now on, or from another point. Only this answer shows the secret.",
    who=Who.OPERATOR,
    tag=TAG,
    body="AddSubscriptionBody",
    is_keyed=True,
)

PAUSE_SUBSCRIPTION: Final = Operation(
    name="pause_subscription",
    method="POST",
    path=f"{ONE}/pause",
    request=PauseSubscription,
    answer=Subscription,
    says="Stop sending for now. Nothing is lost: sending continues from this point later.",
    who=Who.OPERATOR,
    tag=TAG,
    body="PauseSubscriptionBody",
    is_keyed=True,
)

CONTINUE_SUBSCRIPTION: Final = Operation(
    name="continue_subscription",
    method="POST",
    path=f"{ONE}/continue",
    request=ContinueSubscription,
    answer=Subscription,
    says="Deliver again after a pause or an unavailable receiver, including parked deliveries.",
    who=Who.OPERATOR,
    tag=TAG,
    body="ContinueSubscriptionBody",
    is_keyed=True,
)

REPLAY_SUBSCRIPTION: Final = Operation(
    name="replay_subscription",
    method="POST",
    path=f"{ONE}/replay",
    request=ReplaySubscription,
    answer=Subscription,
    says="Deliver again from another point; events keep their ids.",
    who=Who.OPERATOR,
    tag=TAG,
    body="ReplaySubscriptionBody",
    is_keyed=True,
)

REMOVE_SUBSCRIPTION: Final = Operation(
    name="remove_subscription",
    method="POST",
    path=f"{ONE}/remove",
    request=RemoveSubscription,
    answer=RemovedSubscription,
    says="Remove the subscription. Its secret and its waiting deliveries are deleted.",
    who=Who.OPERATOR,
    tag=TAG,
    body="RemoveSubscriptionBody",
    is_keyed=True,
)

ROTATE_SECRET: Final = Operation(
    name="rotate_secret",
    method="POST",
    path=f"{ONE}/rotate-secret",
    request=RotateSecret,
    answer=SubscriptionSecret,
    says="Sign with a new secret, and for a while also with the previous one. Only this answer shows the new secret.",
    who=Who.OPERATOR,
    tag=TAG,
    body="RotateSecretBody",
    is_keyed=True,
)
