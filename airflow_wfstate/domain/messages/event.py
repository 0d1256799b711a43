"""Events of services: sending them, their results, and how operators handle those that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from airflow_wfstate.domain.messages.asked import PAGE_SIZE, asked
from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.services.event_state import EventState

MOST_COUNTED: Final = 10_000
"""Counting stops here: nobody needs the exact number, and each event costs a row."""

DAG_SENDER: Final = "dag:"
"""The prefix of a DAG id among the ``users`` of a service. The tasks of that DAG may send its events."""


class Verdict(str, Enum):
    """The result of sending an event.

    ``applied``: it was applied to its workflow. ``parked``: its workflow does not exist yet; the event is kept, and
    applied when the workflow starts. ``duplicate``: the same event was received before, and is applied once.
    ``refused``: it was not accepted, and nothing is kept. ``dead``: it was accepted but could not be applied; an
    operator decides about it.
    """

    APPLIED = "applied"
    PARKED = "parked"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    DEAD = "dead"


@dataclass(frozen=True)
class EventResult:
    """The result of one event.

    :param source: source of the event; None if it could not be read.
    :param id: id of the event; None if it could not be read.
    :param reason: why it was refused, why it was applied without changing a step, or what it waits for while parked;
        None if there is nothing to report.
    :param remedy: what to do about it, if it was refused.
    :param code: the error code, if it was refused; the same as in a problem document.
    :param workflow_id: the workflow that it was applied to.
    :param step: the step that it is about, as ``participant.step``; None if it is not about a step.
    """

    source: str | None
    id: str | None
    verdict: Verdict
    reason: str | None = None
    remedy: str | None = None
    code: str | None = None
    workflow_id: str | None = None
    step: str | None = None


@dataclass(frozen=True)
class Sender:
    """The sender of events.

    :param actor: its name in the journal.
    :param names: the names with which a definition may allow it to send: its user name, or ``dag:<dag_id>`` for a task.
        None for this machine's own command line or a trusted worker, which may write to the tables in any case.
    :param administers: whether it may change the runs of every DAG. Called only for a service without users.
    """

    actor: str
    names: frozenset[str] | None = None
    administers: Callable[[], bool] = lambda: False

    def may_send_for(self, users: tuple[str, ...]) -> bool:
        """Whether it may send for a service with these users. If a service has no users, administrators may."""
        if self.names is None:
            return True
        return not self.names.isdisjoint(users) if users else self.administers()


@dataclass(frozen=True)
class SendEvents:
    """Events to send, each in the JSON form of CloudEvents 1.0.

    :param events: up to 1000 events.
    :param actor: who sends them: ``cli:name``. Over HTTP it is always the token's user or task.
    """

    events: list[dict[str, Any]]
    actor: str = "cli:unknown"


@dataclass(frozen=True)
class SentEvents:
    """The results of events, after they were committed.

    :param results: one result per event, in the order in which they were sent.
    """

    results: list[EventResult]


@dataclass(frozen=True)
class EventId:
    """What identifies an event."""

    source: str
    id: str


@dataclass(frozen=True)
class EventSummary:
    """An event that was accepted, without its body.

    :param reason: why it changed no step, why it waits, or why it was dropped; None if there is nothing to report.
    :param name: name of its workflow; None if only the correlation id identifies it, and no workflow has it yet.
    :param key: key of its workflow; None in the same case.
    :param correlation_id: its correlation id; None if it has none.
    :param workflow_id: the workflow that it was applied to; None if it was not applied.
    :param step_id: the step that it is about; None if it is not about a step.
    :param sender: the sender, in the journal's form of actors.
    :param changed_at: when it reached its current state.
    :param size: size of its body in bytes.
    """

    source: str
    id: str
    type: str
    state: EventState
    reason: str | None
    name: str | None
    key: str | None
    correlation_id: str | None
    workflow_id: str | None
    step_id: str | None
    sender: str
    received_at: datetime
    changed_at: datetime
    size: int
    sha256: str


@dataclass(frozen=True)
class EventPage:
    """Events in the order in which they arrived.

    :param next_after: what to ask for next as ``after``; None if there are no more.
    """

    events: list[EventSummary]
    next_after: str | None


@dataclass(frozen=True)
class EventDetail:
    """An event with its body.

    :param body: the event in its JSON form, with its data redacted according to the workflow's definition. None if the
        reader may not see what services report.
    """

    event: EventSummary
    body: Payload | None


@dataclass(frozen=True)
class ListEvents:
    """The request for events. None or an empty list does not filter. Without a state, it means those that wait."""

    states: list[EventState] = field(
        default_factory=list,
        metadata=asked(
            "Only events in one of these states (default: parked and dead); applied events require workflow_id",
            parameter="state",
        ),
    )
    workflow_id: str | None = field(default=None, metadata=asked("Only events that were applied to this workflow"))
    name: str | None = field(default=None, metadata=asked("Only events for workflows with this name"))
    key: str | None = field(default=None, metadata=asked("Only events for workflows with this key"))
    correlation_id: str | None = field(default=None, metadata=asked("Only events with this correlation id"))
    source: str | None = field(default=None, metadata=asked("Only events from this source"))
    type: str | None = field(default=None, metadata=asked("Only events of this type"))
    after: str | None = field(
        default=None,
        metadata=asked("Where the page begins: next_after of the previous page", is_filter=False, max_length=2000),
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)


@dataclass(frozen=True)
class GetEvent:
    """The request for one event with its body."""

    source: str = field(metadata=asked("The source of the event"))
    id: str = field(metadata=asked("The id of the event"))


@dataclass(frozen=True)
class GetWorkflowEvent:
    """The request for one event that was applied to a workflow, from a caller who may see the workflow."""

    workflow_id: str
    source: str = field(metadata=asked("The source of the event"))
    id: str = field(metadata=asked("The id of the event"))


@dataclass(frozen=True)
class CountEvents:
    """The request for the number of waiting events."""


@dataclass(frozen=True)
class EventCounts:
    """The number of waiting events, each counted up to :data:`MOST_COUNTED`; that number means "at least".

    :param parked: events whose workflow does not exist yet.
    :param dead: events about which an operator must decide.
    """

    parked: int
    dead: int


@dataclass(frozen=True)
class ReplayEvents:
    """An operator's request to apply parked or dead events again.

    An event whose workflow is still missing is parked again, for ``[wfstate] event_ttl_seconds`` from now.

    :param events: up to 1000 events.
    :param reason: the reason; None for none.
    :param actor: who makes the request: ``cli:name``. Over HTTP it is always the token's user.
    :param way: how the request came in. Over HTTP the server determines it.
    """

    events: list[EventId]
    reason: str | None = field(default=None, metadata=MASKED)
    actor: str = "cli:unknown"
    way: Way = Way.CLI


@dataclass(frozen=True)
class DropEvents:
    """An operator's request to discard parked or dead events. If they are sent again, they are duplicates.

    :param events: up to 1000 events.
    :param reason: the reason, stored with each event.
    :param actor: as for :class:`ReplayEvents`.
    :param way: as for :class:`ReplayEvents`.
    """

    events: list[EventId]
    reason: str = field(metadata=MASKED)
    actor: str = "cli:unknown"
    way: Way = Way.CLI


@dataclass(frozen=True)
class DecidedEvents:
    """The events that an operator decided about, after the decision.

    :param events: the events in their new states, in the order of the request.
    :param changed: how many changed their state.
    """

    events: list[EventSummary]
    changed: int


SEND_EVENTS: Final = Operation(
    name="send_events",
    method="POST",
    path="/events",
    request=SendEvents,
    answer=SentEvents,
    says="Receive CloudEvents of services, each exactly once, and apply them to their workflows.",
    who=Who.SENDER,
    tag="events",
    body_field="events",
    media_type="application/cloudevents-batch+json",
)

LIST_EVENTS: Final = Operation(
    name="list_events",
    method="GET",
    path="/events",
    request=ListEvents,
    answer=EventPage,
    says="List waiting events, or the events of a workflow, without their bodies.",
    who=Who.OPERATOR,
    tag="events",
    has_tag=True,
)

GET_EVENT: Final = Operation(
    name="get_event",
    method="GET",
    path="/event",
    request=GetEvent,
    answer=EventDetail,
    says="Get one event with its body.",
    who=Who.OPERATOR,
    tag="events",
    has_tag=True,
)

GET_WORKFLOW_EVENT: Final = Operation(
    name="get_workflow_event",
    method="GET",
    path="/workflows/{workflow_id}/event",
    request=GetWorkflowEvent,
    answer=EventDetail,
    says="""Get one event that was applied to a workflow, as its journal names it.

    Only callers who may read the workflow's input see its body.
    """,
    who=Who.READER,
    tag="events",
    has_tag=True,
)

COUNT_EVENTS: Final = Operation(
    name="count_events",
    method="GET",
    path="/events/counts",
    request=CountEvents,
    answer=EventCounts,
    says="Count the events that wait for their workflow or for an operator, each up to 10,000.",
    who=Who.OPERATOR,
    tag="events",
    has_tag=True,
)

REPLAY_EVENTS: Final = Operation(
    name="replay_events",
    method="POST",
    path="/events/replay",
    request=ReplayEvents,
    answer=DecidedEvents,
    says="Apply parked or dead events again.",
    who=Who.OPERATOR,
    tag="events",
    body="ReplayBody",
)

DROP_EVENTS: Final = Operation(
    name="drop_events",
    method="POST",
    path="/events/drop",
    request=DropEvents,
    answer=DecidedEvents,
    says="Discard parked or dead events.",
    who=Who.OPERATOR,
    tag="events",
    body="DropBody",
)
