"""The services in a definition: which take part, what their events mean, and how their steps are undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

_BOUNDARIES: Final = frozenset("/:#?")
"""Characters at which a prefix of a source may end: ``https://a.example`` is not a prefix of
``https://a.example.org/``."""


class EventMeaning(str, Enum):
    """What an event may say of a step: it ``began``, ``succeeded``, ``failed``, or was ``compensated``."""

    BEGAN = "began"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    COMPENSATED = "compensated"


@dataclass(frozen=True)
class ServiceEvent:
    """What an event of a service means.

    :param step: the service's step that the event is about.
    :param meaning: what it says about the step.
    :param output: where the event contains the step's output, as a path (:mod:`.event_path`); None for no output. Only
        for an event that says ``succeeded``.
    :param error: where the event contains the reason, as a path; None for no reason. Only for an event that says
        ``failed``.
    """

    step: str
    meaning: EventMeaning
    output: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class ServiceUndo:
    """How a step of a service is undone: the service gets an event, and answers with one that says ``compensated``.

    :param event_type: type of the event that is sent.
    :param within_seconds: how long the service has to answer the request; after that, the undo has failed.
    """

    event_type: str
    within_seconds: int


@dataclass(frozen=True)
class Service:
    """A participant that Airflow does not run.

    :param name: name of the participant.
    :param sources: the ``source`` of its events, or prefixes of it.
    :param users: the Airflow users who may send its events.
    :param events: the meanings of its events, by type.
    :param compensate: how its steps are undone, by step. A step that is not listed cannot be undone.
    :param subscription: name of the subscription that gets its undo requests; None for one with the service's own name.
    """

    name: str
    sources: tuple[str, ...]
    users: tuple[str, ...]
    events: Mapping[str, ServiceEvent] = field(default_factory=dict)
    compensate: Mapping[str, ServiceUndo] = field(default_factory=dict)
    subscription: str | None = None

    @property
    def subscription_name(self) -> str:
        """The name of the subscription that gets its requests."""
        return self.subscription or self.name

    def handler_of(self, step: str) -> str:
        """What undoes a step, in words, shown where a step of a DAG has its function.

        :raises KeyError: the step cannot be undone.
        """
        return f"event {self.compensate[step].event_type} to {self.name}"

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that its events are about, sorted."""
        return tuple(sorted({event.step for event in self.events.values()}))

    def matched_length(self, source: str) -> int | None:
        """The length of the longest of its sources that is ``source`` or a prefix of it; None where none is."""
        return max((len(prefix) for prefix in self.sources if is_source_prefix(prefix, source)), default=None)


@dataclass(frozen=True)
class Choreography:
    """How events drive a workflow.

    :param key: where an event contains the business key of its workflow, as a path (:mod:`.event_path`); None if events
        identify their workflow only by correlation id.
    :param starts_on: types of events that start a workflow if none with their key is open.
    :param services: the services that take part, by name. Their order in a file does not matter.
    """

    key: str | None
    starts_on: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()

    def service(self, name: str) -> Service | None:
        """The service with this name; None if it is not declared, or is a DAG."""
        return next((service for service in self.services if service.name == name), None)

    def service_of(self, source: str) -> Service | None:
        """The service that speaks as ``source``: the one with the longest prefix of it; None when there is none."""
        matched = [(length, service) for service in self.services if (length := service.matched_length(source))]
        return max(matched, key=lambda pair: pair[0])[1] if matched else None

    def starts(self, event_type: str) -> bool:
        """Whether an event of this type starts a workflow."""
        return event_type in self.starts_on

    def meaning_of(self, source: str, event_type: str) -> tuple[Service, ServiceEvent] | None:
        """The service and the meaning of an event with this source and type; None if it means nothing for a step."""
        service = self.service_of(source)
        event = None if service is None else service.events.get(event_type)
        return None if service is None or event is None else (service, event)

    def undo_of(self, participant: str, step: str) -> ServiceUndo | None:
        """How a step is undone; None for a step of a DAG, and for one that cannot be undone."""
        service = self.service(participant)
        return None if service is None else service.compensate.get(step)


def is_source_prefix(prefix: str, source: str) -> bool:
    """Whether ``source`` is ``prefix``, or lies below it.

    Below it means a continuation after a ``/``, ``:``, ``#`` or ``?``, so that ``https://a.example`` does not speak for
    ``https://a.example.org``.
    """
    if source == prefix:
        return True
    if not prefix or not source.startswith(prefix):
        return False
    return prefix[-1] in _BOUNDARIES or source[len(prefix)] in _BOUNDARIES
