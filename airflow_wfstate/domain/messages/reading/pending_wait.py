"""What a workflow waits for outside its own runs: services, events, holders of a token, other workflows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

MAX_PENDING_WAITS: Final = 50
"""The most waits in one answer; a mapped step may wait thousands of times."""


class PendingKind(str, Enum):
    """What a wait is for.

    ``service``: a service to report on its own step. ``undo``: a service to confirm that a step is undone. ``event``: a
    step waits for an event. ``token``: a step waits for the holder of a token. ``workflow`` and ``step``: a task waits
    for a state of another workflow or of a step.
    """

    SERVICE = "service"
    UNDO = "undo"
    EVENT = "event"
    TOKEN = "token"  # noqa: S105 - no secret
    WORKFLOW = "workflow"
    STEP = "step"


OF_SERVICES: Final = (PendingKind.SERVICE, PendingKind.UNDO)
"""These come from the definition, which everyone who sees the workflow may read."""


@dataclass(frozen=True)
class PendingWait:
    """Something that a workflow currently waits for.

    :param waiter: what waits: ``participant.step`` or ``participant.step[item]``; for a service, its own step.
    :param what: what it waits for, to follow "waits for" in a sentence; None if the reader may not know.
    :param since: when the wait began; for a service that has not reported yet, when the previous step changed.
    :param until: when it ends without success; None for no such time.
    :param participant: participant of the step.
    :param name: name of the step.
    :param step_id: None for a step of a service that has not begun.
    :param has_begun: for a service, whether it has reported that it is running; otherwise True.
    """

    kind: PendingKind
    waiter: str
    what: str | None
    since: datetime
    until: datetime | None
    participant: str
    name: str
    step_id: str | None
    has_begun: bool = True
