"""Which workflow an event is about, and whether its sender may say so, according to the definitions in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow_wfstate.domain.messages.event import Sender
from airflow_wfstate.domain.rules.services.choreography import Choreography
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent
from airflow_wfstate.domain.rules.services.event_path import parse_event_path
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import AccessDenied, InvalidName, InvalidRequest
from airflow_wfstate.store.database.identity import step_of_compensation
from airflow_wfstate.store.definitions.applied import AppliedDefinition
from airflow_wfstate.store.events.delivery import Address

_A_KEY: Final = "an integer or a text of 1 to 250 printable characters without leading or trailing spaces"


def address_of(event: CloudEvent, sender: Sender, definitions: Sequence[AppliedDefinition]) -> Address:
    """Find out which workflow the event is about.

    :param definitions: the definitions in force in which services take part.
    :raises InvalidRequest: no definition names its source; or it identifies its workflow neither by ``correlationid``
        nor by a business key; or it starts workflows of several names.
    :raises AccessDenied: the sender may not speak for the source.
    """
    knowing = [
        (applied, service)
        for applied in definitions
        if (service := _choreography(applied).service_of(event.source)) is not None
    ]
    if not knowing:
        raise InvalidRequest(
            f"No definition names the source {event.source!r}.",
            "Add it to the sources of a service: airflow wfstate definitions list shows what is applied.",
        )
    allowed = [applied for applied, service in knowing if sender.may_send_for(service.users)]
    if not allowed:
        services = " or ".join(sorted({f"{service.name} of {applied.name}" for applied, service in knowing}))
        raise AccessDenied(
            f"{sender.actor} may not send events with the source {event.source!r}, which speaks for {services}.",
            "Add the user to the users of that service in the definition, and apply it.",
        )
    keys = [(applied, key) for applied in allowed if (key := _key_of(event, _choreography(applied))) is not None]
    starting = [applied for applied in allowed if _choreography(applied).starts(event.type)]
    if len(starting) > 1:
        raise InvalidRequest(
            f"Events of type {event.type!r} start workflows of several names: "
            f"{', '.join(applied.name for applied in starting)}.",
            "Let only one of the definitions start on it, or give their services different sources.",
        )
    starts = starting[0] if starting else None
    if starts is not None and starts.name not in {applied.name for applied, _ in keys}:
        raise InvalidRequest(
            f"The event starts a workflow {starts.name}, but has no business key at {_choreography(starts).key}.",
            f"Send the key there, as {_A_KEY}.",
        )
    if event.correlation_id is None and not keys:
        places = sorted({_choreography(applied).key or "(no key)" for applied in allowed})
        raise InvalidRequest(
            f"The event has no correlationid and no business key at {' or '.join(places)}.",
            f"Send one of them; the key is {_A_KEY}.",
        )
    named = tuple((applied.name, key) for applied, key in keys)
    names, cause = frozenset(applied.name for applied in allowed), event.causation_id
    answers = None if cause is None else step_of_compensation(cause)
    return Address(named, starts, names, event.correlation_id, answers)


def _choreography(applied: AppliedDefinition) -> Choreography:
    assert applied.definition.choreography is not None  # noqa: S101 - only such definitions are read
    return applied.definition.choreography


def _key_of(event: CloudEvent, choreography: Choreography) -> str | None:
    """The business key; None when the definition declares no path for it, or the event has none there."""
    if choreography.key is None:
        return None
    found = parse_event_path(choreography.key).find(event.content)
    if found is None or isinstance(found[0], bool) or not isinstance(found[0], (str, int)):
        return None
    try:
        return check_name("business key", str(found[0]))
    except InvalidName:
        return None
