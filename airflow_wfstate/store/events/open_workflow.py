"""A workflow whose row is locked, and what the events of a batch have changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.services.choreography import Choreography
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.events.delivery import Delivery, Settled, journaled
from airflow_wfstate.store.workflows.gathered_change import GatheredChange


@dataclass
class OpenWorkflow:
    """A locked workflow, and what its events have changed.

    :param definition: the definition that it started with.
    :param choreography: from that definition; from the one in force if that has none.
    :param was: its state before the events.
    :param has_ended_step: an event has ended one of its steps.
    :param failure: the first step that an event failed, with its error, as a sentence; None when none failed.
    :param has_answer: an event has reported how one of its compensations ended.
    :param armed: ids and rounds of steps that succeeded and whose compensation was recorded.
    """

    change: GatheredChange
    definition: Definition
    choreography: Choreography
    was: WorkflowState
    has_ended_step: bool = False
    failure: str | None = None
    has_answer: bool = False
    armed: list[tuple[str, int]] = field(default_factory=list)

    def note(self, delivery: Delivery, step: str | None, step_id: str | None, reason: str) -> None:
        """Note in the journal that an event changed nothing.

        :param reason: why, as a sentence without its capital letter and full stop.
        """
        data: Mapping[str, Any] = {"event": journaled(delivery.event), "reason": reason}
        self.change.journal(EntryKind.EVENT_NOTED, step=step, step_id=step_id, data=data)
        text = f"{reason[:1].upper()}{reason[1:]}."
        delivery.settled = Settled(EventState.APPLIED, text, self.change.workflow_id, step_id, step)
