"""What a workflow waits for that Airflow does not run: services, events, people with a token, other workflows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

MAX_PENDING_WAITS: Final = 50
"""Of one answer: a mapped step may wait thousands of times."""


class PendingKind(str, Enum):
    """What is waited for.

    ``service``: a service, to report on a step of its own; ``undo``: a service, to confirm that a step is undone;
    ``event``: a step waits for an event; ``token``: a step waits for whoever has a token of it; ``workflow`` and
    ``step``: a task waits for a state of another workflow, or of a step.
    """

    SERVICE = "service"
    UNDO = "undo"
    EVENT = "event"
    TOKEN = "token"  # noqa: S105 - no secret
    WORKFLOW = "workflow"
    STEP = "step"


OF_SERVICES: Final = (PendingKind.SERVICE, PendingKind.UNDO)
"""Of these the definition tells, which everybody may read who sees the workflow."""


@dataclass(frozen=True)
class PendingWait:
    """Something that a workflow waits for now.

    :param waiter: what waits: ``participant.step``, or ``participant.step[item]``; of a service its own step.
    :param what: is waited for, as a sentence has it behind "waits for"; None when the reader may not know.
    :param since: when the wait began. Of a service that has said nothing of its step: when the step before it changed.
    :param until: when it ends without success; None for no such time.
    :param participant: that does the step.
    :param name: of the step.
    :param step_id: None for a step of a service that has not begun.
    :param has_begun: of a service: whether it has said that it is at work. True for everything else.
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
