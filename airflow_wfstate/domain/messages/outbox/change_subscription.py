"""What people do with subscriptions."""

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
"""Workflow names in one filter."""

MAX_SUBSCRIPTIONS: Final = 100
"""Subscriptions altogether: each reads the stream for itself."""

MAX_KEPT_SECONDS: Final = 30 * 86_400
"""The longest time for which a replaced secret goes on signing."""


@dataclass(frozen=True)
class SubscriptionSecret:
    """A subscription with its secret, which is shown here and never again."""

    subscription: Subscription
    secret: str


@dataclass(frozen=True)
class RemovedSubscription:
    """What was removed.

    :param waiting: deliveries that waited for another attempt, and were dropped with it.
    """

    id: str
    name: str
    waiting: int


@dataclass(frozen=True)
class AddSubscription:
    """The request for a new subscription. Sent again with the same content and a secret, it changes nothing.

    :param url: where to send events; https, unless ``[wfstate] webhook_hosts`` names the host.
    :param requests_only: it is told of no changes, and gets what is sent to it alone: a service's requests to undo its
        steps. Only without the other filters.
    :param start: from where: ``now``, ``beginning``, a time with an offset, or the id of an event.
    :param secret: ``whsec_`` and base64; None: a new one is made.
    :param actor: who asks: ``cli:name``. Over HTTP it is the user whom the token names, whatever stands here.
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
        """The filter that it asks for."""
        return SubscriptionFilter(
            sorted(set(self.names)),
            [state for state in WorkflowState if state in self.states],
            dict(sorted(self.labels.items())),
            [kind for kind in EntryKind if kind in self.kinds],
            self.requests_only,
        )

    def check(self) -> None:
        """Check all that can be told without the store.

        :raises InvalidRequest: a name, the URL, a label, the point to start from or the secret is wrong; or no kind
            of entry can pass the filter.
        """
        check_name("subscription name", self.name)
        check_webhook_url(self.url)
        if self.secret is not None:
            check_webhook_secret(self.secret)
        parse_stream_point(self.start)
        if len(self.names) > MAX_NAMES:
            raise InvalidRequest(f"The filter names {len(self.names)} workflow names.", f"Give at most {MAX_NAMES}.")
        for name in self.names:
            check_name("workflow name", name)
        check_labels(self.labels)
        if self.requests_only and (self.names or self.states or self.labels or self.kinds):
            raise InvalidRequest(
                "A subscription to requests only is told of no changes, and a filter of changes is given.",
                "Leave out the names, states, labels and kinds, or requests_only.",
            )
        if not self.requests_only and not self.wanted.wanted_kinds():
            raise InvalidRequest(
                "Nothing passes this filter: no entry of the kinds brings a workflow into one of the states.",
                "Leave out the kinds, or the states.",
            )


@dataclass(frozen=True)
class PauseSubscription:
    """The request that nothing more is sent to a subscriber for now. What was being sent at that moment may arrive.

    :param reason: for the list; None for none.
    """

    subscription_id: str
    reason: str | None = field(default=None, metadata=MASKED)
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class ContinueSubscription:
    """The request that a subscription is delivered again: paused or unavailable ones, and what is parked, at once."""

    subscription_id: str
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class ReplaySubscription:
    """The request that a subscription is delivered again from another point: forwards or backwards.

    :param start: as of :class:`AddSubscription`. What waited for another attempt is dropped, and sent again as far as
        it stands behind this point.
    """

    subscription_id: str
    start: str
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RemoveSubscription:
    """The request that a subscription ends."""

    subscription_id: str
    actor: str = "cli:unknown"
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RotateSecret:
    """The request for another secret. Sent again with the same secret, it changes nothing.

    :param secret: None: a new one is made.
    :param keep_seconds: for how long the secret before goes on signing too, so that the receiver can change over;
        0: not at all. Default: a day.
    """

    subscription_id: str
    keep_seconds: int = 86_400
    secret: str | None = None
    actor: str = "cli:unknown"
    idempotency_key: str | None = None

    def check(self) -> None:
        """Check it.

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
    says="Have a webhook told of changes from now on, or from another point. The secret is shown in this answer alone.",
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
    says="Send nothing more for now. Nothing is lost: it goes on from there when it is continued.",
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
    says="Deliver again: what was paused, what is unavailable, and what is parked.",
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
    says="End the subscription. Its secret and its deliveries that wait are deleted.",
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
    says="Sign with a new secret; for a while with the one before, too. It is shown in this answer alone.",
    who=Who.OPERATOR,
    tag=TAG,
    body="RotateSecretBody",
    is_keyed=True,
)
