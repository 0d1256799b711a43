"""``airflow wfstate event list|show|replay|drop``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import Final

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor, check_agreed
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.printing.progress import Progress
from airflow_wfstate.cli.printing.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    print_text,
    short_time,
)
from airflow_wfstate.domain.messages.event import (
    DecidedEvents,
    DropEvents,
    EventId,
    EventSummary,
    ListEvents,
    ReplayEvents,
)
from airflow_wfstate.domain.rules.services.event_state import UNSETTLED_EVENT_STATES, EventState
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.domain.rules.text.readable_json import readable_json
from airflow_wfstate.exceptions import InvalidRequest

_BATCH: Final = 500
"""How many events one request handles."""


@command
def list_events(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of events, and on stderr how to get the next page."""
    wanted = None if arguments.workflow is None else workflow_id(arguments.workflow, store)
    states = [EventState(state) for state in arguments.states or ()]
    page = store.list_events(_asked(arguments, states, arguments.limit, arguments.after, workflow=wanted))
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.events), arguments.output)
    else:
        print_rows([_row(event) for event in page.events], arguments.output)
    tell_next_page(arguments, page.next_after)


@command
def show_event(arguments: Namespace, store: StateBackend) -> None:
    """Print an event with its body."""
    detail = store.get_event(arguments.source, arguments.id)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(detail), arguments.output)
        return
    event = detail.event
    print_text(
        f"Event {event.id} of {event.source} ({event.type}) is {event.state.value}. {event.reason or ''}".rstrip()
    )
    print_text(f"Sent by {event.sender}, received {short_time(event.received_at)}, {counted(event.size, 'byte')}.")
    if event.workflow_id is not None:
        print_text(f"Workflow: {event.workflow_id}")
    if detail.body is not None:
        print_text(readable_json(detail.body.text))


@command
def replay_events(arguments: Namespace, store: StateBackend) -> None:
    """Apply events again, and print their results; exit with code 1 if one is still dead."""
    decided = _decide(
        arguments,
        store,
        "Apply {events} again?",
        lambda events: store.replay_events(ReplayEvents(events, arguments.reason, actor())),
    )
    if any(event.state is EventState.DEAD for event in decided):
        raise SystemExit(1)


@command
def drop_events(arguments: Namespace, store: StateBackend) -> None:
    """Drop events, and print their results."""
    _decide(
        arguments,
        store,
        "Drop {events}?",
        lambda events: store.drop_events(DropEvents(events, arguments.reason, actor())),
    )


def _decide(
    arguments: Namespace, store: StateBackend, question: str, act: Callable[[list[EventId]], DecidedEvents]
) -> list[EventSummary]:
    chosen = _chosen(arguments, store)
    if not chosen:
        print_text("No matching event is waiting.")
        return []
    check_agreed(arguments, question.format(events=counted(len(chosen), "event")))
    decided: list[EventSummary] = []
    changed = 0
    with Progress("event") as progress:
        for start in range(0, len(chosen), _BATCH):
            answer = act(chosen[start : start + _BATCH])
            decided += answer.events
            changed += answer.changed
            if len(chosen) > _BATCH:
                progress.tell(f"{changed} changed", len(decided), len(chosen))
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(decided), arguments.output)
    else:
        print_rows([_row(event) for event in decided], arguments.output)
    return decided


def _chosen(arguments: Namespace, store: StateBackend) -> list[EventId]:
    """The events that the arguments name, or all waiting events that match.

    :raises InvalidRequest: the arguments name neither, or both.
    """
    named = arguments.source is not None
    if named == arguments.all or (named and arguments.id is None):
        raise InvalidRequest(
            "Give either an event or --all.",
            "Give the SOURCE and ID of an event, or --all, with filters such as --type.",
        )
    if named:
        return [EventId(arguments.source, arguments.id)]
    return [EventId(event.source, event.id) for event in _all(arguments, store)]


def _all(arguments: Namespace, store: StateBackend) -> Iterator[EventSummary]:
    after: str | None = None
    while True:
        page = store.list_events(_asked(arguments, list(UNSETTLED_EVENT_STATES), 1000, after))
        yield from page.events
        if page.next_after is None:
            return
        after = page.next_after


def _asked(
    arguments: Namespace, states: list[EventState], limit: int, after: str | None, *, workflow: str | None = None
) -> ListEvents:
    return ListEvents(
        states=states,
        workflow_id=workflow,
        name=arguments.name,
        key=arguments.key,
        correlation_id=arguments.correlation_id,
        source=arguments.of_source,
        type=arguments.type,
        after=after,
        limit=limit,
    )


def _row(event: EventSummary) -> dict[str, object]:
    about = event.correlation_id if event.name is None else f"{event.name}/{event.key}"
    return {
        "received": short_time(event.received_at),
        "state": event.state.value,
        "type": event.type,
        "for": about,
        "source": event.source,
        "id": event.id,
        "reason": event.reason,
    }
