"""An event on its way to its workflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from airflow_wfstate.domain.messages.event import EventResult, Sender, Verdict
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.exceptions import WorkflowStateError
from airflow_wfstate.store.definitions.applied import AppliedDefinition


@dataclass(frozen=True)
class Address:
    """Which workflow an event is about.

    :param keys: for each definition that knows its source, the business key in the event; empty when it has none.
    :param starts: the definition whose workflow it starts; None when it starts none.
    :param names: names of all definitions that know its source.
    :param answers: id of the step whose compensation was requested by the event that this one names as its cause; None
        when it names none.
    """

    keys: tuple[tuple[str, str], ...]
    starts: AppliedDefinition | None
    names: frozenset[str]
    correlation_id: str | None
    answers: str | None = None

    @property
    def key(self) -> tuple[str, str] | None:
        """Name and key, if the event can only mean one such pair."""
        return self.keys[0] if len(self.keys) == 1 else None


@dataclass(frozen=True)
class Settled:
    """What became of an event.

    :param reason: why no step moved, or what the event waits for; None when there is nothing to say.
    :param step: the step it is about, as ``participant.step``.
    """

    state: EventState
    reason: str | None = None
    workflow_id: str | None = None
    step_id: str | None = None
    step: str | None = None


@dataclass
class Delivery:
    """One event, and what has become of it so far.

    :param actor: who sent it, as the journal names actors.
    :param sender: who sends it now, with their rights; None for an event that was accepted before.
    :param address: None until it has been determined.
    :param waits_since: for an event already stored, parked or dead: when it arrived; None for one that arrives now.
    :param was: the state of such a stored event.
    :param started: the id of the workflow that it has started; None when it has started none.
    :param is_duplicate: it was received before.
    :param refusal: why it is not accepted.
    :param settled: None until it is settled, and for one that is refused or a duplicate.
    """

    event: CloudEvent
    actor: str
    sender: Sender | None = None
    address: Address | None = None
    waits_since: datetime | None = None
    was: EventState | None = None
    started: str | None = None
    is_duplicate: bool = False
    refusal: WorkflowStateError | None = None
    settled: Settled | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still has to be applied or parked."""
        return self.refusal is None and not self.is_duplicate and self.settled is None

    @property
    def settled_state(self) -> EventState | None:
        """The state to store; None until it is settled."""
        return None if self.settled is None else self.settled.state

    def reset(self) -> None:
        """Forget the results so far, because the transaction starts again."""
        self.address = self.refusal = self.settled = self.started = None
        self.is_duplicate = False

    def refuse(self, error: WorkflowStateError) -> None:
        """Record why it is not accepted; for one accepted before, why it cannot be applied."""
        if self.waits_since is None:
            self.refusal = error
        else:
            self.settled = Settled(EventState.DEAD, str(error))

    def result(self) -> EventResult:
        """The result for its sender."""
        source, event_id = self.event.identity
        if self.refusal is not None:
            return refused(source, event_id, self.refusal)
        if self.is_duplicate or self.settled is None:
            return EventResult(source, event_id, Verdict.DUPLICATE)
        settled = self.settled
        return EventResult(
            source,
            event_id,
            _VERDICTS[settled.state],
            reason=settled.reason,
            workflow_id=settled.workflow_id,
            step=settled.step,
        )


_VERDICTS = {
    EventState.APPLIED: Verdict.APPLIED,
    EventState.PARKED: Verdict.PARKED,
    EventState.DEAD: Verdict.DEAD,
}


def refused(source: str | None, event_id: str | None, error: WorkflowStateError) -> EventResult:
    """The result of an event that is not accepted."""
    return EventResult(source, event_id, Verdict.REFUSED, error.reason, error.remedy, error.code)


def journaled(event: CloudEvent) -> dict[str, JsonValue]:
    """What the journal keeps of an event: what identifies it and its cause, never its content."""
    return {"source": event.source, "id": event.id, "type": event.type, **event.trace}
