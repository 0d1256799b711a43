"""EventBackend: the part of StateBackend for events of services: sending them, and handling those that wait."""

from __future__ import annotations

from airflow_wfstate.backends.task_backend import TaskBackend
from airflow_wfstate.domain import messages


class EventBackend(TaskBackend):
    """Events of services, for senders and operators."""

    def send_events(self, request: messages.event.SendEvents) -> messages.event.SentEvents:
        """Receive events of services, each exactly once, and apply them to their workflows.

        The answer has a result for each event. An event that is refused, or cannot be applied, does not stop the
        others. An event that is sent again is a duplicate, even when two senders send it at the same moment.

        :raises InvalidRequest: there are more than 1000 events.
        :raises PayloadTooLarge: together they are larger than ``[wfstate] max_payload_bytes`` (over HTTP only).
        """
        return self.carry_out(messages.event.SEND_EVENTS, request)

    def list_events(self, wanted: messages.event.ListEvents | None = None) -> messages.event.EventPage:
        """List a page of events.

        :param wanted: which events; None for those that are parked or dead.
        :raises InvalidRequest: the limit is out of range, ``after`` is not a position, or applied events are requested
            without a workflow.
        :raises WorkflowNotFound: no workflow has this id.
        :raises AccessDenied: the caller may not read every DAG.
        """
        return self.carry_out(messages.event.LIST_EVENTS, wanted or messages.event.ListEvents())

    def get_event(self, source: str, event_id: str) -> messages.event.EventDetail:
        """Get one event with its body.

        :raises EventNotFound: no event with this source and id was received.
        :raises AccessDenied: as for :meth:`list_events`.
        """
        return self.carry_out(messages.event.GET_EVENT, messages.event.GetEvent(source, event_id))

    def get_workflow_event(self, workflow_id: str, source: str, event_id: str) -> messages.event.EventDetail:
        """Get an event that was applied to a workflow; without its body if the caller may not see the workflow input.

        :raises WorkflowNotFound: no workflow has this id.
        :raises EventNotFound: no such event was applied to it.
        """
        return self.carry_out(
            messages.event.GET_WORKFLOW_EVENT, messages.event.GetWorkflowEvent(workflow_id, source, event_id)
        )

    def count_events(self) -> messages.event.EventCounts:
        """Count the parked and the dead events, each up to 10,000.

        :raises AccessDenied: as for :meth:`list_events`.
        """
        return self.carry_out(messages.event.COUNT_EVENTS, messages.event.CountEvents())

    def replay_events(self, request: messages.event.ReplayEvents) -> messages.event.DecidedEvents:
        """Apply parked or dead events again. Other events stay as they are, and none is applied twice.

        :raises EventNotFound: there is no such event.
        :raises InvalidRequest: no event is named, or more than 1000 are.
        :raises AccessDenied: the caller may not change the runs of every DAG.
        """
        return self.carry_out(messages.event.REPLAY_EVENTS, request)

    def drop_events(self, request: messages.event.DropEvents) -> messages.event.DecidedEvents:
        """Discard parked or dead events. Other events stay as they are.

        :raises EventNotFound: there is no such event.
        :raises InvalidRequest: no event is named, more than 1000 are, or no reason is given.
        :raises AccessDenied: as for :meth:`replay_events`.
        """
        return self.carry_out(messages.event.DROP_EVENTS, request)
