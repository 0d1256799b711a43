"""Events of services: what is sent, what became of it, and what operators do with those that wait."""

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
"""Nobody needs to know how many more wait, and each costs a row."""

DAG_SENDER: Final = "dag:"
"""Before the id of a DAG among the ``users`` of a service: the DAG's tasks may send its events."""


class Verdict(str, Enum):
    """What became of an event that was sent.

    ``applied``: it reached its workflow. ``parked``: its workflow is not there yet; it is kept and applied when that
    starts. ``duplicate``: the same event was received before, and counts once. ``refused``: it was not accepted, and
    nothing is kept. ``dead``: it was accepted and could not be applied; an operator decides about it.
    """

    APPLIED = "applied"
    PARKED = "parked"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    DEAD = "dead"


@dataclass(frozen=True)
class EventResult:
    """What became of one event.

    :param source: of the event; None when it could not be read.
    :param id: likewise.
    :param reason: of one that was refused why; of one that was applied why no step moved; of one that is parked what it
        waits for. None when there is nothing to say.
    :param remedy: of one that was refused: what to do about it.
    :param code: of one that was refused: the code of the problem, as an answer with that status would have it.
    :param workflow_id: that it was applied to.
    :param step: that it is about, as ``participant.step``; None when it is about none.
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
    """Who sends events.

    :param actor: as the journal names it.
    :param names: by which a definition may let it send: its user name, or ``dag:<dag_id>`` of a task's DAG. None: it
        is this machine's own command line or a trusted worker, which may write to the tables in any case.
    :param administers: whether it may change the runs of every DAG. Asked only for a service that names no users.
    """

    actor: str
    names: frozenset[str] | None = None
    administers: Callable[[], bool] = lambda: False

    def may_send_for(self, users: tuple[str, ...]) -> bool:
        """Whether it may send for a service of these users; where none is named, administrators may."""
        if self.names is None:
            return True
        return not self.names.isdisjoint(users) if users else self.administers()


@dataclass(frozen=True)
class SendEvents:
    """Events, each in the JSON form of CloudEvents 1.0.

    :param events: at most 1000.
    :param actor: who sends them: ``cli:name``. Over HTTP it is whom the token names, whatever stands here.
    """

    events: list[dict[str, Any]]
    actor: str = "cli:unknown"


@dataclass(frozen=True)
class SentEvents:
    """What became of events, after it was committed.

    :param results: one for each event, in the order in which they were sent.
    """

    results: list[EventResult]


@dataclass(frozen=True)
class EventId:
    """What tells an event from every other one."""

    source: str
    id: str


@dataclass(frozen=True)
class EventSummary:
    """An event that was accepted, without its body.

    :param reason: why no step moved, or why it waits or does not count; None when there is nothing to say.
    :param name: of its workflow; None where its correlation id alone could tell, and no workflow has it yet.
    :param key: likewise.
    :param correlation_id: that it holds; None when it holds none.
    :param workflow_id: that it was applied to; None while it was not.
    :param step_id: that it is about; None when it is about none.
    :param sender: as the journal names actors.
    :param changed_at: when it came to be in its state.
    :param size: of its body, in bytes.
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
    """Events, those that came first at the beginning.

    :param next_after: what to ask for next as ``after``; None when this is the end.
    """

    events: list[EventSummary]
    next_after: str | None


@dataclass(frozen=True)
class EventDetail:
    """An event with its body.

    :param body: in its JSON form; what the definition of its workflow redacts is hidden in its data. None when the
        reader may not see what services have said.
    """

    event: EventSummary
    body: Payload | None


@dataclass(frozen=True)
class ListEvents:
    """The request for events. None, and an empty list, do not filter; without a state those that wait are meant."""

    states: list[EventState] = field(
        default_factory=list,
        metadata=asked(
            "Only events in this state, or one of these (default: parked and dead); applied ones only with workflow_id",
            parameter="state",
        ),
    )
    workflow_id: str | None = field(default=None, metadata=asked("Only events that were applied to this workflow"))
    name: str | None = field(default=None, metadata=asked("Only events for workflows of this name"))
    key: str | None = field(default=None, metadata=asked("Only events for this key of a workflow"))
    correlation_id: str | None = field(default=None, metadata=asked("Only events with this correlation id"))
    source: str | None = field(default=None, metadata=asked("Only events of this source"))
    type: str | None = field(default=None, metadata=asked("Only events of this type"))
    after: str | None = field(
        default=None,
        metadata=asked("Where the page begins: next_after of the page before", is_filter=False, max_length=2000),
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)


@dataclass(frozen=True)
class GetEvent:
    """The request for one event with its body."""

    source: str = field(metadata=asked("Of the event"))
    id: str = field(metadata=asked("Of the event"))


@dataclass(frozen=True)
class GetWorkflowEvent:
    """The request for one event that was applied to a workflow, by who may see the workflow."""

    workflow_id: str
    source: str = field(metadata=asked("Of the event"))
    id: str = field(metadata=asked("Of the event"))


@dataclass(frozen=True)
class CountEvents:
    """The request for how many events wait."""


@dataclass(frozen=True)
class EventCounts:
    """How many events wait, each counted up to :data:`MOST_COUNTED`: that many means at least so many.

    :param parked: whose workflow is not there yet.
    :param dead: about which an operator is to decide.
    """

    parked: int
    dead: int


@dataclass(frozen=True)
class ReplayEvents:
    """An operator's request to apply events again that are parked or dead.

    One whose workflow is still missing is parked anew, for ``[wfstate] event_ttl_seconds`` from now on.

    :param events: at most 1000.
    :param reason: why; None for no reason.
    :param actor: who asks: ``cli:name``. Over HTTP it is the user whom the token names, whatever stands here.
    :param way: which way the request came. Over HTTP it is known, whatever stands here.
    """

    events: list[EventId]
    reason: str | None = field(default=None, metadata=MASKED)
    actor: str = "cli:unknown"
    way: Way = Way.CLI


@dataclass(frozen=True)
class DropEvents:
    """An operator's decision that events that are parked or dead do not count; sent again, they are duplicates.

    :param events: at most 1000.
    :param reason: why; kept with each event.
    :param actor: as for :class:`ReplayEvents`.
    :param way: as for :class:`ReplayEvents`.
    """

    events: list[EventId]
    reason: str = field(metadata=MASKED)
    actor: str = "cli:unknown"
    way: Way = Way.CLI


@dataclass(frozen=True)
class DecidedEvents:
    """What became of the events that an operator decided about.

    :param events: in their states now, in the order in which they were named.
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
    says="Receive CloudEvents of services, each once, and apply them to their workflows.",
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
    says="Events that wait, or those of a workflow; without their bodies.",
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
    says="One event with its body.",
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
    says="""One event that was applied to a workflow, as its journal names it.

    Its body is for those who may read what the workflow was started with.
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
    says="How many events wait for their workflow, or for an operator: each at most 10,000.",
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
    says="Apply events again that are parked or dead.",
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
    says="Decide that events that are parked or dead do not count.",
    who=Who.OPERATOR,
    tag="events",
    body="DropBody",
)
