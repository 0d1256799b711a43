"""The definition of a workflow name, versioned by its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from airflow_wfstate.domain.rules.payload import JsonValue, canonical_json
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, DeadlinePolicy, FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.services.choreography import (
    Choreography,
    EventMeaning,
    Service,
    ServiceEvent,
    ServiceUndo,
)


@dataclass(frozen=True)
class Definition:
    """What is declared about a workflow name.

    :param participants: the DAGs that may join.
    :param choreography: the services that take part, and their events; None if there are none.
    """

    plan: list[str] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    on_failure: FailurePolicy = FailurePolicy.COMPENSATE
    deadline_seconds: int | None = None
    on_deadline: DeadlinePolicy = DeadlinePolicy.FLAG
    on_compensation_error: CompensationErrorPolicy = CompensationErrorPolicy.STOP
    redact: tuple[str, ...] = ()
    on_skip: SkipPolicy = SkipPolicy.HOLD
    choreography: Choreography | None = None

    def content(self) -> str:
        """The canonical text from which the version is computed."""
        return canonical_json(
            {
                "deadline_seconds": self.deadline_seconds,
                "on_compensation_error": self.on_compensation_error.value,
                "on_deadline": self.on_deadline.value,
                "on_failure": self.on_failure.value,
                "participants": list(self.participants),
                "plan": list(self.plan),
                # Definitions from before revision 0006 keep their hash.
                **({"redact": list(self.redact)} if self.redact else {}),
                # So do those from before revision 0007.
                **({} if self.on_skip is SkipPolicy.HOLD else {"on_skip": self.on_skip.value}),
                # So do those without services.
                **({} if self.choreography is None else {"choreography": _choreography_values(self.choreography)}),
            },
            sort_keys=True,
        )

    def sha256(self) -> str:
        """The hash of the content: the definition's version."""
        return hashlib.sha256(self.content().encode("ascii")).hexdigest()


@dataclass(frozen=True)
class NamedDefinition:
    """A definition, with the name of the workflows that it applies to."""

    name: str
    definition: Definition


@lru_cache(maxsize=256)
def parse_definition(content: str) -> Definition:
    """The definition of a stored content."""
    values = json.loads(content)
    return Definition(
        plan=values["plan"],
        participants=values["participants"],
        on_failure=FailurePolicy(values["on_failure"]),
        deadline_seconds=values["deadline_seconds"],
        # Not in definitions of before revision 0003.
        on_deadline=DeadlinePolicy(values.get("on_deadline", DeadlinePolicy.FLAG.value)),
        # Not in definitions of before revision 0004.
        on_compensation_error=CompensationErrorPolicy(
            values.get("on_compensation_error", CompensationErrorPolicy.STOP.value)
        ),
        redact=tuple(values.get("redact", ())),
        on_skip=SkipPolicy(values.get("on_skip", SkipPolicy.HOLD.value)),
        choreography=_parse_choreography(values["choreography"]) if "choreography" in values else None,
    )


def _choreography_values(choreography: Choreography) -> dict[str, JsonValue]:
    services: list[JsonValue] = [
        {
            "name": service.name,
            "sources": list(service.sources),
            "users": list(service.users),
            "events": {
                event_type: {
                    "step": event.step,
                    "is": event.meaning.value,
                    **({} if event.output is None else {"output": event.output}),
                    **({} if event.error is None else {"error": event.error}),
                }
                for event_type, event in service.events.items()
            },
            "compensate": {
                step: {"send": undo.event_type, "within_seconds": undo.within_seconds}
                for step, undo in service.compensate.items()
            },
            **({} if service.subscription is None else {"subscription": service.subscription}),
        }
        for service in choreography.services
    ]
    return {"key": choreography.key, "starts_on": list(choreography.starts_on), "services": services}


def _parse_choreography(values: dict[str, Any]) -> Choreography:
    return Choreography(
        key=values["key"],
        starts_on=tuple(values["starts_on"]),
        services=tuple(
            Service(
                name=service["name"],
                sources=tuple(service["sources"]),
                users=tuple(service["users"]),
                events={
                    event_type: ServiceEvent(
                        event["step"], EventMeaning(event["is"]), event.get("output"), event.get("error")
                    )
                    for event_type, event in service["events"].items()
                },
                compensate={
                    step: ServiceUndo(undo["send"], undo["within_seconds"])
                    for step, undo in service["compensate"].items()
                },
                subscription=service.get("subscription"),
            )
            for service in values["services"]
        ),
    )
