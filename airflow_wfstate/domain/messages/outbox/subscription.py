"""Subscriptions: who is told of changes by webhook, of which ones, and how far each has come."""

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
"""Of their operations."""

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
    :param requests_only: no entries at all: the subscriber gets what is sent to it alone, such as the request to undo a
        step. Those requests pass every filter.
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
        was refused ten times. Requests to this subscriber alone count likewise.
    :param retried: workflows whose next event was refused, and is sent again later; and such requests.
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
    """A workflow of which a subscriber is not told for now, because an event of it was not accepted; or a request.

    :param number: of the journal entry that is sent next; 0 of a request to this subscriber alone.
    :param event_id: of the event that is sent next.
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
    event_id: str = ""


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
class ListSubscriptions:
    """The request for all subscriptions."""


@dataclass(frozen=True)
class ListWaitingDeliveries:
    """The request for what a subscription waits to send again."""

    subscription_id: str


ONE: Final = "/subscriptions/{subscription_id}"
"""The path of a subscription."""


LIST_SUBSCRIPTIONS: Final = Operation(
    name="list_subscriptions",
    method="GET",
    path="/subscriptions",
    request=ListSubscriptions,
    answer=SubscriptionList,
    says="Every subscription, by name: its filter, its state, and what its receiver last refused.",
    who=Who.MANAGER,
    tag=TAG,
)

LIST_WAITING_DELIVERIES: Final = Operation(
    name="list_waiting_deliveries",
    method="GET",
    path=f"{ONE}/deliveries",
    request=ListWaitingDeliveries,
    answer=WaitingDeliveries,
    says="The workflows of which the subscriber is not told for now, each with the receiver's last answer.",
    who=Who.MANAGER,
    tag=TAG,
)
