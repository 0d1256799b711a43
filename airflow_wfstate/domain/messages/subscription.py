"""Subscriptions: who is told of changes by webhook, of which ones, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.labels import check_labels
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.stream_point import NOW, parse_stream_point
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.domain.rules.webhook_secret import check_webhook_secret, new_webhook_secret
from airflow_wfstate.domain.rules.webhook_url import check_webhook_url
from airflow_wfstate.exceptions import InvalidRequest

MAX_NAMES: Final = 100
"""Workflow names in one filter."""

MAX_SUBSCRIPTIONS: Final = 100
"""Subscriptions altogether: each reads the stream for itself."""

MAX_KEPT_SECONDS: Final = 30 * 86_400
"""The longest time for which a replaced secret goes on signing."""

_TAG: Final = "subscriptions"

NOT_SENT_UNASKED: Final = frozenset({EntryKind.RUN_LINKED, EntryKind.TURN_GIVEN})
"""Kinds that tell of how the work is organised, not of a change of a workflow or a step: sent only where named."""

STATE_AFTER: Final[Mapping[EntryKind, WorkflowState]] = {
    EntryKind.WORKFLOW_STARTED: WorkflowState.RUNNING,
    EntryKind.WORKFLOW_RESUMED: WorkflowState.RUNNING,
    EntryKind.WORKFLOW_REOPENED: WorkflowState.RUNNING,
    EntryKind.WORKFLOW_SUCCEEDED: WorkflowState.SUCCEEDED,
    EntryKind.WORKFLOW_FAILED: WorkflowState.FAILED,
    EntryKind.WORKFLOW_COMPENSATING: WorkflowState.COMPENSATING,
    EntryKind.WORKFLOW_COMPENSATED: WorkflowState.COMPENSATED,
    EntryKind.WORKFLOW_COMPENSATION_FAILED: WorkflowState.COMPENSATION_FAILED,
    EntryKind.WORKFLOW_CANCELLED: WorkflowState.CANCELLED,
}
"""The state into which an entry of this kind says that the workflow came."""


class SubscriptionState(str, Enum):
    """Whether a subscription is delivered.

    - ``active``: it is;
    - ``unavailable``: its receiver has not answered several times in a row, and is tried again from time to time;
    - ``paused``: nothing is sent until somebody continues it.
    """

    ACTIVE = "active"
    UNAVAILABLE = "unavailable"
    PAUSED = "paused"


@dataclass(frozen=True)
class SubscriptionFilter:
    """Of which entries a subscriber is told. What is empty does not filter; all that is given must hold.

    :param names: of workflows.
    :param states: only entries that bring a workflow into one of these states.
    :param labels: that a workflow has now, all of them.
    :param kinds: only entries of one of these kinds. Empty: all but ``run.linked`` and ``turn.given``.
    """

    names: list[str] = field(default_factory=list)
    states: list[WorkflowState] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    kinds: list[EntryKind] = field(default_factory=list)

    def wanted_kinds(self) -> frozenset[EntryKind]:
        """The kinds of entries that can pass."""
        kinds = frozenset(self.kinds) or frozenset(EntryKind) - NOT_SENT_UNASKED
        if not self.states:
            return kinds
        return kinds & {kind for kind, state in STATE_AFTER.items() if state in self.states}


@dataclass(frozen=True)
class Answered:
    """What a receiver last said when it did not accept an event.

    :param status: of HTTP; None when there was no answer.
    :param text: the first 1,000 characters of the answer, or why there was none.
    """

    status: int | None
    text: str


@dataclass(frozen=True)
class Subscription:
    """A webhook, and how far it has been told.

    :param name: unique; how people name it.
    :param wanted: of which entries it is told.
    :param parked: workflows of which nothing more is sent until somebody continues the subscription: an event of each
        was refused ten times.
    :param retried: workflows whose next event was refused, and is sent again later.
    :param failures: attempts in a row, each for another workflow, that were not accepted.
    :param last_refusal: the last answer that was no acceptance; None when there was none since the last replay.
    :param paused_because: why; None unless it is paused.
    :param next_try_at: when an unavailable receiver is tried again; None when it is not waited for.
    :param previous_secret_until: until when the secret before still signs too; None when there is none.
    """

    id: str
    name: str
    url: str
    state: SubscriptionState
    wanted: SubscriptionFilter
    parked: int
    retried: int
    failures: int
    created_at: datetime
    created_by: str
    last_delivered_at: datetime | None = None
    last_refused_at: datetime | None = None
    last_refusal: Answered | None = None
    paused_because: str | None = None
    next_try_at: datetime | None = None
    previous_secret_until: datetime | None = None


@dataclass(frozen=True)
class WaitingDelivery:
    """A workflow of which a subscriber is not told for now, because an event of it was not accepted.

    :param number: of the journal entry that is sent next.
    :param attempts: how often it was sent.
    :param since: when it was first refused.
    :param next_try_at: None: it is parked.
    """

    workflow_id: str
    name: str
    key: str
    number: int
    attempts: int
    since: datetime
    next_try_at: datetime | None
    last_refusal: Answered


@dataclass(frozen=True)
class SubscriptionList:
    """Every subscription, by name."""

    subscriptions: list[Subscription]


@dataclass(frozen=True)
class WaitingDeliveries:
    """The deliveries of a subscription that wait: parked ones first, then by their next attempt; at most 200.

    :param total: how many there are.
    """

    deliveries: list[WaitingDelivery]
    total: int


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
    """The request for a new subscription. Sent again with the same content, it changes nothing.

    :param url: where to send events; https, unless ``[wfstate] webhook_hosts`` names the host.
    :param start: from where: ``now``, ``beginning``, a time with an offset, or the id of an event.
    :param secret: ``whsec_`` and base64; a new one unless it is given.
    :param actor: who asks: ``cli:name``. Over HTTP it is the user whom the token names, whatever stands here.
    """

    name: str
    url: str
    names: list[str] = field(default_factory=list)
    states: list[WorkflowState] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    kinds: list[EntryKind] = field(default_factory=list)
    start: str = NOW
    secret: str = field(default_factory=new_webhook_secret)
    actor: str = "cli:unknown"

    @property
    def wanted(self) -> SubscriptionFilter:
        """The filter that it asks for."""
        return SubscriptionFilter(
            sorted(set(self.names)),
            [state for state in WorkflowState if state in self.states],
            dict(sorted(self.labels.items())),
            [kind for kind in EntryKind if kind in self.kinds],
        )

    def check(self) -> None:
        """Check all that can be told without the store.

        :raises InvalidRequest: a name, the URL, a label, the point to start from or the secret is wrong; or no kind
            of entry can pass the filter.
        """
        check_name("subscription name", self.name)
        check_webhook_url(self.url)
        check_webhook_secret(self.secret)
        parse_stream_point(self.start)
        if len(self.names) > MAX_NAMES:
            raise InvalidRequest(f"The filter names {len(self.names)} workflow names.", f"Give at most {MAX_NAMES}.")
        for name in self.names:
            check_name("workflow name", name)
        check_labels(self.labels)
        if not self.wanted.wanted_kinds():
            raise InvalidRequest(
                "Nothing passes this filter: no entry of the kinds brings a workflow into one of the states.",
                "Leave out the kinds, or the states.",
            )


@dataclass(frozen=True)
class ListSubscriptions:
    """The request for all subscriptions."""


@dataclass(frozen=True)
class ListWaitingDeliveries:
    """The request for what a subscription waits to send again."""

    subscription_id: str


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
    """The request for a new secret. Sent again with the same secret, it changes nothing.

    :param keep_seconds: for how long the secret before goes on signing too, so that the receiver can change over;
        0: not at all. Default: a day.
    """

    subscription_id: str
    keep_seconds: int = 86_400
    secret: str = field(default_factory=new_webhook_secret)
    actor: str = "cli:unknown"

    def check(self) -> None:
        """Check it.

        :raises InvalidRequest: the secret or the time is out of range.
        """
        check_webhook_secret(self.secret)
        if not 0 <= self.keep_seconds <= MAX_KEPT_SECONDS:
            raise InvalidRequest(
                f"keep_seconds is {self.keep_seconds}.", f"Give 0 to {MAX_KEPT_SECONDS} seconds, which is 30 days."
            )


_ONE: Final = "/subscriptions/{subscription_id}"

ADD_SUBSCRIPTION: Final = Operation(
    name="add_subscription",
    method="POST",
    path="/subscriptions",
    request=AddSubscription,
    answer=SubscriptionSecret,
    says="Have a webhook told of changes from now on, or from another point. The secret is shown in this answer alone.",
    who=Who.OPERATOR,
    tag=_TAG,
    body="AddSubscriptionBody",
)

LIST_SUBSCRIPTIONS: Final = Operation(
    name="list_subscriptions",
    method="GET",
    path="/subscriptions",
    request=ListSubscriptions,
    answer=SubscriptionList,
    says="Every subscription, by name: its filter, its state, and what its receiver last refused.",
    who=Who.OPERATOR,
    tag=_TAG,
)

LIST_WAITING_DELIVERIES: Final = Operation(
    name="list_waiting_deliveries",
    method="GET",
    path=f"{_ONE}/deliveries",
    request=ListWaitingDeliveries,
    answer=WaitingDeliveries,
    says="The workflows of which the subscriber is not told for now, each with the receiver's last answer.",
    who=Who.OPERATOR,
    tag=_TAG,
)

PAUSE_SUBSCRIPTION: Final = Operation(
    name="pause_subscription",
    method="POST",
    path=f"{_ONE}/pause",
    request=PauseSubscription,
    answer=Subscription,
    says="Send nothing more for now. Nothing is lost: it goes on from there when it is continued.",
    who=Who.OPERATOR,
    tag=_TAG,
    body="PauseSubscriptionBody",
    is_keyed=True,
)

CONTINUE_SUBSCRIPTION: Final = Operation(
    name="continue_subscription",
    method="POST",
    path=f"{_ONE}/continue",
    request=ContinueSubscription,
    answer=Subscription,
    says="Deliver again: what was paused, what is unavailable, and what is parked.",
    who=Who.OPERATOR,
    tag=_TAG,
    body="ContinueSubscriptionBody",
    is_keyed=True,
)

REPLAY_SUBSCRIPTION: Final = Operation(
    name="replay_subscription",
    method="POST",
    path=f"{_ONE}/replay",
    request=ReplaySubscription,
    answer=Subscription,
    says="Deliver again from another point; events keep their ids.",
    who=Who.OPERATOR,
    tag=_TAG,
    body="ReplaySubscriptionBody",
    is_keyed=True,
)

REMOVE_SUBSCRIPTION: Final = Operation(
    name="remove_subscription",
    method="POST",
    path=f"{_ONE}/remove",
    request=RemoveSubscription,
    answer=RemovedSubscription,
    says="End the subscription. Its secret and its deliveries that wait are deleted.",
    who=Who.OPERATOR,
    tag=_TAG,
    body="RemoveSubscriptionBody",
    is_keyed=True,
)

ROTATE_SECRET: Final = Operation(
    name="rotate_secret",
    method="POST",
    path=f"{_ONE}/rotate-secret",
    request=RotateSecret,
    answer=SubscriptionSecret,
    says="Sign with a new secret; for a while with the one before, too. It is shown in this answer alone.",
    who=Who.OPERATOR,
    tag=_TAG,
    body="RotateSecretBody",
)
