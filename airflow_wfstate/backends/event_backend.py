"""What of StateBackend concerns events of services: sending them, and looking after those that wait."""

from __future__ import annotations

from airflow_wfstate.backends.task_backend import TaskBackend
from airflow_wfstate.domain import messages


class EventBackend(TaskBackend):
    """The events of services, as senders and operators see them."""

    def send_events(self, request: messages.event.SendEvents) -> messages.event.SentEvents:
        """Receive events of services, each once, and apply them to their workflows; one result for each event.

        An event that is refused, or cannot be applied, does not keep the others from being applied. Sent again, an
        event is a duplicate, whoever else sends it at the same moment.

        :raises InvalidRequest: they are more than 1000.
        :raises PayloadTooLarge: all together they have more than ``[wfstate] max_payload_bytes`` (over HTTP).
        """
        return self.carry_out(messages.event.SEND_EVENTS, request)

    def list_events(self, wanted: messages.event.ListEvents | None = None) -> messages.event.EventPage:
        """A page of events; None: of those that are parked or dead.

        :raises InvalidRequest: the limit is out of range, ``after`` is no position, or applied events are asked for
            without a workflow.
        :raises WorkflowNotFound: the workflow's id is none.
        :raises AccessDenied: the caller may not read every DAG.
        """
        return self.carry_out(messages.event.LIST_EVENTS, wanted or messages.event.ListEvents())

    def get_event(self, source: str, event_id: str) -> messages.event.EventDetail:
        """One event with its body.

        :raises EventNotFound: none with this source and id was received.
        :raises AccessDenied: as for :meth:`list_events`.
        """
        return self.carry_out(messages.event.GET_EVENT, messages.event.GetEvent(source, event_id))

    def get_workflow_event(self, workflow_id: str, source: str, event_id: str) -> messages.event.EventDetail:
        """One event that was applied to a workflow; without its body where the caller may not see the workflow's input.

        :raises WorkflowNotFound: there is none with this id.
        :raises EventNotFound: no such event was applied to it.
        """
        return self.carry_out(
            messages.event.GET_WORKFLOW_EVENT, messages.event.GetWorkflowEvent(workflow_id, source, event_id)
        )

    def count_events(self) -> messages.event.EventCounts:
        """How many events are parked, and how many dead; each counted up to 10,000.

        :raises AccessDenied: as for :meth:`list_events`.
        """
        return self.carry_out(messages.event.COUNT_EVENTS, messages.event.CountEvents())

    def replay_events(self, request: messages.event.ReplayEvents) -> messages.event.DecidedEvents:
        """Apply events that are parked or dead; others stay as they are. None of them is applied twice.

        :raises EventNotFound: there is no such event.
        :raises InvalidRequest: no event is named, or more than 1000 are.
        :raises AccessDenied: the caller may not change the runs of every DAG.
        """
        return self.carry_out(messages.event.REPLAY_EVENTS, request)

    def drop_events(self, request: messages.event.DropEvents) -> messages.event.DecidedEvents:
        """Decide that events that are parked or dead do not count; others stay as they are.

        :raises EventNotFound: there is no such event.
        :raises InvalidRequest: no event is named, or more than 1000 are; or no reason is given.
        :raises AccessDenied: as for :meth:`replay_events`.
        """
        return self.carry_out(messages.event.DROP_EVENTS, request)
