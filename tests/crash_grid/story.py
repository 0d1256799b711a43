"""The stories: workflows told by their tasks, and how each must end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.crash_grid.play import (
    CHILD,
    HELD,
    OWNER,
    RELAY,
    WATCHER,
    Task,
    answer,
    answered,
    ask,
    broken_relay,
    cancel,
    charge,
    compensate,
    complete,
    die_while_shipping,
    fail_to_ship,
    fulfil,
    fulfil_again,
    fulfilled,
    fulfilled_again,
    not_fulfilled,
    pack,
    pack_again,
    relay_of_child,
    relay_of_owner,
    resume,
    ship,
    start,
    start_held,
    sweep,
    try_again,
    watch,
)
from tests.crash_grid.service_play import (
    REQUEST_TYPE,
    capture,
    define,
    is_asked,
    refund,
    start_with_service,
    take_requests,
)
from tests.crash_grid.webhook_play import (
    change_subscription,
    subscribe,
    tell_of_charge,
    tell_of_end,
    unsubscribe,
)


@dataclass(frozen=True)
class Story:
    """A workflow told by its tasks.

    :param ends: the workflow's final state.
    :param done: steps that end as succeeded or compensated, each recorded as succeeded exactly once; twice if a DAG is
        called at two places.
    :param effects: what the receiver must have seen, in any order, as often as it is listed.
    :param undone: steps in the order in which they are undone.
    """

    name: str
    tasks: list[Task]
    ends: str
    done: list[str]
    effects: list[str]
    undone: list[str]


_BEFORE: Final = [
    Task(OWNER, "start", start, begins_run=True),
    Task(OWNER, "charge", charge),
]

_TO_THE_CHILD: Final = [
    *_BEFORE,
    Task(OWNER, "fulfil", fulfil),
    Task(CHILD, "pack", pack, begins_run=True),
]

_EFFECTS: Final = ["quote", "charge"]

SUCCESS: Final = Story(
    name="an order succeeds across two DAGs",
    tasks=[
        *_TO_THE_CHILD,
        Task(CHILD, "ship", ship, ends_run="success"),
        Task(OWNER, "fulfil", fulfilled),
        Task(OWNER, "complete", complete, ends_run="success"),
    ],
    ends="succeeded",
    done=["charge", "pack", "ship", "fulfil"],
    effects=[*_EFFECTS, "pack", "ship"],
    undone=[],
)

COMPENSATED: Final = Story(
    name="shipping fails and both DAGs are undone",
    tasks=[
        *_TO_THE_CHILD,
        Task(CHILD, "ship", fail_to_ship, ends_run="failed"),
        Task(OWNER, "fulfil", not_fulfilled, ends_run="failed"),
        Task(OWNER, RELAY, relay_of_owner),
        Task(CHILD, RELAY, relay_of_child),
        Task(OWNER, RELAY, relay_of_owner),
    ],
    ends="compensated",
    done=["charge", "pack"],
    effects=[*_EFFECTS, "pack", "undo ship", "undo pack", "undo charge"],
    undone=["ship", "pack", "charge"],
)

CALLED_TWICE: Final = Story(
    name="a DAG is called at two places, and each is undone",
    tasks=[
        *_TO_THE_CHILD[:-1],
        Task(CHILD, "pack", pack, begins_run=True, ends_run="success"),
        Task(OWNER, "fulfil", fulfilled),
        Task(OWNER, "fulfil_again", fulfil_again),
        Task(CHILD, "pack", pack_again, begins_run=True, ends_run="success", is_second_call=True),
        Task(OWNER, "fulfil_again", fulfilled_again),
        Task(OWNER, "ship", fail_to_ship, ends_run="failed"),
        Task(OWNER, RELAY, relay_of_owner),
        Task(CHILD, RELAY, relay_of_child, is_second_call=True),
        Task(CHILD, RELAY, relay_of_child),
        Task(OWNER, RELAY, relay_of_owner),
    ],
    ends="compensated",
    done=["charge", "pack", "pack"],
    effects=[*_EFFECTS, "pack", "pack again", "undo ship", "undo pack", "undo pack", "undo charge"],
    undone=["ship", "pack", "pack", "charge"],
)

SWEPT: Final = Story(
    name="a step is lost and the sweep finds it",
    tasks=[
        *_BEFORE,
        Task(OWNER, "ship", die_while_shipping, ends_run="failed"),
        Task(OWNER, "sweep", sweep, is_person=True),
        Task(OWNER, RELAY, relay_of_owner),
    ],
    ends="compensated",
    done=["charge"],
    effects=[*_EFFECTS, "undo ship", "undo charge"],
    undone=["ship", "charge"],
)

CANCELLED: Final = Story(
    name="an operator cancels, and what was done is undone",
    tasks=[
        *_BEFORE,
        Task(OWNER, "cancel", cancel, ends_run="failed", is_person=True),
        Task(OWNER, RELAY, relay_of_owner),
    ],
    ends="compensated",
    done=["charge"],
    effects=[*_EFFECTS, "undo charge"],
    undone=["charge"],
)

RESUMED: Final = Story(
    name="a failed workflow is on hold, and an operator resumes it",
    tasks=[
        Task(HELD, "start", start_held, begins_run=True),
        Task(HELD, "charge", charge),
        Task(HELD, "ship", fail_to_ship, ends_run="failed"),
        Task(HELD, RELAY, relay_of_owner),
        Task(HELD, "resume", resume, is_person=True),
        Task(HELD, "ship", ship),
        Task(HELD, "complete", complete, ends_run="success"),
    ],
    ends="succeeded",
    done=["charge", "ship"],
    effects=[*_EFFECTS, "ship"],
    undone=[],
)

UNDONE_LATER: Final = Story(
    name="an operator compensates a succeeded workflow",
    tasks=[
        *_BEFORE,
        Task(OWNER, "complete", complete, ends_run="success"),
        Task(OWNER, "compensate_by_hand", compensate, is_person=True),
        Task(OWNER, RELAY, relay_of_owner),
    ],
    ends="compensated",
    done=["charge"],
    effects=[*_EFFECTS, "undo charge"],
    undone=["charge"],
)

TRIED_AGAIN: Final = Story(
    name="an undo keeps failing, and an operator has it retried",
    tasks=[
        *_BEFORE,
        Task(OWNER, "ship", fail_to_ship, ends_run="failed"),
        Task(OWNER, RELAY, broken_relay),
        Task(OWNER, "try_again", try_again, is_person=True),
        Task(OWNER, RELAY, relay_of_owner),
    ],
    ends="compensated",
    done=["charge"],
    effects=[*_EFFECTS, "undo ship", "undo charge"],
    undone=["ship", "charge"],
)

ANSWERED: Final = Story(
    name="an outside partner answers by a token",
    tasks=[
        *_BEFORE,
        Task(OWNER, "ask", ask),
        Task(OWNER, "answer", answer, is_person=True),
        Task(OWNER, "ask", answered),
        Task(OWNER, "complete", complete, ends_run="success"),
        Task(WATCHER, "watch", watch, begins_run=True, ends_run="success"),
    ],
    ends="succeeded",
    done=["charge", "ask"],
    effects=[*_EFFECTS, "ask"],
    undone=[],
)
"""A partner outside Airflow answers, and another workflow's task waits for the end."""

TOLD: Final = Story(
    name="a subscriber receives a workflow's events, and then all of them again",
    tasks=[
        _BEFORE[0],
        Task(OWNER, "subscribe", subscribe, is_person=True),
        _BEFORE[1],
        Task(OWNER, "tell_of_charge", tell_of_charge, is_person=True),
        Task(OWNER, "complete", complete, ends_run="success"),
        Task(OWNER, "change_subscription", change_subscription, is_person=True),
        Task(OWNER, "tell_of_end", tell_of_end, is_person=True),
        Task(OWNER, "unsubscribe", unsubscribe, is_person=True),
    ],
    ends="succeeded",
    done=["charge"],
    effects=[*_EFFECTS, "told workflow.started", "told step.began", "told step.succeeded", "told workflow.succeeded"],
    undone=[],
)

_WITH_SERVICE: Final = [
    Task(OWNER, "define", define, is_person=True),
    Task(OWNER, "take_requests", take_requests, is_person=True),
    Task(OWNER, "start", start_with_service, begins_run=True),
    Task(OWNER, "charge", charge),
    Task(OWNER, "capture", capture, is_person=True),
]

EVENT_APPLIED: Final = Story(
    name="an event of a service is applied",
    tasks=[
        *_WITH_SERVICE,
        Task(OWNER, "complete", complete, ends_run="success"),
        Task(OWNER, "unsubscribe", unsubscribe, is_person=True),
    ],
    ends="succeeded",
    done=["charge", "capture"],
    effects=[*_EFFECTS, "capture"],
    undone=[],
)

SERVICE_UNDONE: Final = Story(
    name="a step of a service is undone",
    tasks=[
        *_WITH_SERVICE,
        Task(OWNER, "ship", fail_to_ship, ends_run="failed"),
        Task(OWNER, RELAY, relay_of_owner),
        Task(OWNER, "is_asked", is_asked, is_person=True),
        Task(OWNER, "refund", refund, is_person=True),
        Task(OWNER, RELAY, relay_of_owner),
        Task(OWNER, "unsubscribe", unsubscribe, is_person=True),
    ],
    ends="compensated",
    done=["charge", "capture"],
    effects=[*_EFFECTS, "capture", "undo ship", f"asked {REQUEST_TYPE}", "undo charge"],
    undone=["ship", "capture", "charge"],
)

STORIES: Final = {
    story.name: story
    for story in (
        SUCCESS,
        COMPENSATED,
        CALLED_TWICE,
        SWEPT,
        CANCELLED,
        RESUMED,
        UNDONE_LATER,
        TRIED_AGAIN,
        ANSWERED,
        TOLD,
        EVENT_APPLIED,
        SERVICE_UNDONE,
    )
}
