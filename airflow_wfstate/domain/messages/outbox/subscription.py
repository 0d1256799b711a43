"""Webhook subscriptions: who receives which changes, and how far each has been delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import WorkflowState

TAG: Final = "subscriptions"
"""The tag of the subscription operations."""

NOT_SENT_UNASKED: Final = frozenset({EntryKind.RUN_LINKED, EntryKind.TURN_GIVEN})
"""Kinds that are about internal organisation, not about changes of workflows or steps; sent only if requested."""

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
"""The state that the workflow enters with an entry of this kind."""


class SubscriptionState(str, Enum):
    """Whether a subscription is delivered.

    - ``active``: it is delivered;
    - ``unavailable``: its receiver has not answered several times in a row, and is retried from time to time;
    - ``paused``: nothing is sent until someone continues it.
    """

    ACTIVE = "active"
    UNAVAILABLE = "unavailable"
    PAUSED = "paused"


@dataclass(frozen=True)
class SubscriptionFilter:
    """Which entries a subscriber gets. Empty fields do not filter; all other conditions must hold.

    :param names: names of workflows.
    :param states: only entries that bring a workflow into one of these states.
    :param labels: labels that the workflow currently has, all of them.
    :param kinds: only entries of one of these kinds. Empty for all except ``run.linked`` and ``turn.given``.
    :param requests_only: no entries at all, only requests to this subscriber, such as the request to undo a step. Those
        requests pass every filter.
    """

    names: list[str] = field(default_factory=list)
    states: list[WorkflowState] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    kinds: list[EntryKind] = field(default_factory=list)
    requests_only: bool = False

    def wanted_kinds(self) -> frozenset[EntryKind]:
        """The kinds of entries that can pass."""
        if self.requests_only:
            return frozenset()
        kinds = frozenset(self.kinds) or frozenset(EntryKind) - NOT_SENT_UNASKED
        if not self.states:
            return kinds
        return kinds & {kind for kind, state in STATE_AFTER.items() if state in self.states}


@dataclass(frozen=True)
class Answered:
    """A receiver's last answer that did not accept an event.

    :param status: the HTTP status; None if there was no answer.
    :param text: the first 1,000 characters of the answer, or why there was none.
    """

    status: int | None
    text: str


@dataclass(frozen=True)
class Subscription:
    """A webhook subscription, and how far it has been delivered.

    :param name: its unique name.
    :param wanted: which entries it gets.
    :param parked: workflows for which nothing more is sent until someone continues the subscription, because an event
        was refused ten times. Requests to this subscriber count in the same way.
    :param retried: workflows whose next event was refused and will be sent again, and such requests.
    :param failures: consecutive attempts, each for another workflow, that were not accepted.
    :param last_refusal: the last answer that was not an acceptance; None if there was none since the last replay.
    :param paused_because: why it is paused; None unless it is.
    :param next_try_at: when an unavailable receiver is retried; None if it is available.
    :param previous_secret_until: until when the previous secret also signs; None if there is none.
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
    """A workflow whose delivery waits because one of its events was not accepted; or a request that waits.

    :param number: number of the journal entry that is sent next; 0 for a request to this subscriber.
    :param event_id: id of the event that is sent next.
    :param attempts: how often it was sent.
    :param since: when it was first refused.
    :param next_try_at: when it is retried; None if it is parked.
    """

    workflow_id: str
    name: str
    key: str
    number: int
    attempts: int
    since: datetime
    next_try_at: datetime | None
    last_refusal: Answered
    event_id: str = ""


@dataclass(frozen=True)
class SubscriptionList:
    """Every subscription, by name."""

    subscriptions: list[Subscription]


@dataclass(frozen=True)
class WaitingDeliveries:
    """The waiting deliveries of a subscription: parked ones first, then by their next attempt; at most 200.

    :param total: how many there are in total.
    """

    deliveries: list[WaitingDelivery]
    total: int


@dataclass(frozen=True)
class ListSubscriptions:
    """The request for all subscriptions."""


@dataclass(frozen=True)
class ListWaitingDeliveries:
    """The request for the waiting deliveries of a subscription."""

    subscription_id: str


ONE: Final = "/subscriptions/{subscription_id}"
"""The path of a subscription."""


LIST_SUBSCRIPTIONS: Final = Operation(
    name="list_subscriptions",
    method="GET",
    path="/subscriptions",
    request=ListSubscriptions,
    answer=SubscriptionList,
    says="List all subscriptions by name, with filter, state, and the receiver's last refusal.",
    who=Who.MANAGER,
    tag=TAG,
)

LIST_WAITING_DELIVERIES: Final = Operation(
    name="list_waiting_deliveries",
    method="GET",
    path=f"{ONE}/deliveries",
    request=ListWaitingDeliveries,
    answer=WaitingDeliveries,
    says="List the workflows whose deliveries are waiting, each with the receiver's last answer.",
    who=Who.MANAGER,
    tag=TAG,
)
