"""The definition of a workflow's name, versioned by its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.choreography import (
    Choreography,
    EventMeaning,
    Service,
    ServiceEvent,
    ServiceUndo,
)
from airflow_wfstate.domain.rules.payload import JsonValue, canonical_json
from airflow_wfstate.domain.rules.plan import MAX_PARTICIPANTS, check_plan
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, DeadlinePolicy, FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidName, InvalidRequest
from airflow_wfstate.redaction import check_paths
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert


@dataclass(frozen=True)
class Definition:
    """What is declared about a name.

    :param participants: DAGs that may join.
    :param choreography: the services that take part, and the events that are heard; None when there are none.
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
        """The canonical text of which the version is taken."""
        return canonical_json(
            {
                "deadline_seconds": self.deadline_seconds,
                "on_compensation_error": self.on_compensation_error.value,
                "on_deadline": self.on_deadline.value,
                "on_failure": self.on_failure.value,
                "participants": list(self.participants),
                "plan": list(self.plan),
                # Definitions of before revision 0006 keep their hash.
                **({"redact": list(self.redact)} if self.redact else {}),
                # And those of before revision 0007.
                **({} if self.on_skip is SkipPolicy.HOLD else {"on_skip": self.on_skip.value}),
                # And those without services.
                **({} if self.choreography is None else {"choreography": _choreography_values(self.choreography)}),
            },
            sort_keys=True,
        )


def check_definition(definition: Definition) -> Definition:
    """Return the definition when its names are names and its deadline is positive.

    :raises InvalidName: a plan entry or participant breaks the rule of names, or there are too many of them.
    :raises InvalidRequest: the deadline is not above zero, or over a hundred years; or a path of ``redact`` is none.
    """
    check_paths(definition.redact)
    check_plan(definition.plan)
    if len(definition.participants) > MAX_PARTICIPANTS:
        raise InvalidName(
            f"The definition names {len(definition.participants)} participants.",
            f"At most {MAX_PARTICIPANTS} are allowed; a DAG that a step triggers need not be named.",
        )
    for participant in definition.participants:
        check_name("participant", participant)
    deadline = definition.deadline_seconds
    if deadline is not None and not 0 < deadline <= 100 * 366 * 86400:
        raise InvalidRequest(
            f"The deadline of {deadline} seconds is out of range.", "Give a positive duration, or none at all."
        )
    return definition


def store_definition(connection: Connection, name: str, definition: Definition) -> str:
    """Store the definition of a name unless it is there already, and return its sha256."""
    content = definition.content()
    sha256 = hashlib.sha256(content.encode("ascii")).hexdigest()
    connection.execute(
        conflict_insert(connection.dialect.name, schema.definition)
        .values(name=name, sha256=sha256, content=content, created_at=database_now())
        .on_conflict_do_nothing(index_elements=["name", "sha256"])
    )
    return sha256


# What a hash names never changes: each turn of a compensation asked twice.
@cached(LRUCache(256), key=lambda connection, name, sha256: hashkey(name, sha256), lock=Lock())
def read_definition(connection: Connection, name: str, sha256: str) -> Definition:
    """The definition of a workflow."""
    content = connection.execute(
        select(schema.definition.c.content).where(
            schema.definition.c.name == name, schema.definition.c.sha256 == sha256
        )
    ).scalar_one()
    return parse_definition(content)


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
            )
            for service in values["services"]
        ),
    )
