"""The reason for a failure, taken from the event that reports it."""

from __future__ import annotations

from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.rules.payload import canonical_json
from airflow_wfstate.domain.rules.services.choreography import Service, ServiceEvent
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent
from airflow_wfstate.domain.rules.services.event_path import parse_event_path
from airflow_wfstate.redaction import recorded_text


def error_of(event: CloudEvent, service: Service, said: ServiceEvent) -> str:
    """The reason given by an event that reports a failure."""
    found = None if said.error is None else parse_event_path(said.error).find(event.content)
    if found is None or found[0] in (None, ""):
        return f"{service.name} sent {event.type}."
    text = found[0] if isinstance(found[0], str) else canonical_json(found[0])
    return recorded_text(text, MAX_ERROR_LENGTH)
