"""The replay of a log: eight senders at once, half of them in batches; then what is stored is compared with the log."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, select

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.definition import ApplyDefinition
from airflow_wfstate.domain.messages.event import SendEvents
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.database import event_tables, schema
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.replay.event_log import FAILS, OWNERS, PLAN, Event, EventLog

SENDERS: Final = 8

_BATCH: Final = 50

_workflow, _journal, _event, _step = schema.workflow, schema.journal, event_tables.event, schema.step


@dataclass
class Replayed:
    """What came of it.

    :param verdicts: how many events had which.
    :param complaints: what was lost, doubled or wrong; empty when nothing was.
    """

    workflows: int = 0
    activities: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(self.verdicts.items()))
        return (
            f"{self.workflows} workflows with {self.activities} activities ({told}); "
            f"{len(self.complaints)} lost, doubled or wrong."
        )


def replay(
    log: EventLog,
    open_backend: Callable[[], StateBackend],
    engine: Engine,
    choice: random.Random,
    users: list[str],
    on_progress: Callable[[float], None] = lambda share: None,
) -> Replayed:
    """Send the log, and look at what is left.

    :param open_backend: a way to the store, for each sender one of its own.
    :param engine: of the database, to look at.
    :param users: who may send, by the definition.
    :param on_progress: called by the senders with the share of events that are sent.
    """
    with closing(open_backend()) as backend:  # type: ignore[type-var]  # an api backend
        backend.apply_definition(ApplyDefinition(log.name, json.dumps(log.definition(users))))
    events = log.as_sent(choice)
    replayed, sent = Replayed(), 0

    def send(number: int) -> Counter[str]:
        nonlocal sent
        verdicts: Counter[str] = Counter()
        with closing(open_backend()) as backend:  # type: ignore[type-var]  # as above
            for part in _parts(events[number::SENDERS], _BATCH if number % 2 else 1):
                results = backend.send_events(SendEvents(part)).results
                verdicts.update(result.verdict.value for result in results)
                sent += len(part)  # a moment's disagreement between senders does not matter
                on_progress(sent / len(events))
        return verdicts

    with ThreadPoolExecutor(SENDERS) as pool:
        for verdicts in pool.map(send, range(SENDERS)):
            replayed.verdicts += verdicts
    # A server that was killed behind a commit leaves its second look to the next sweep (docs/reference/events.md).
    sweep(engine)
    replayed.complaints = list(_compare(log, engine, replayed))
    return replayed


def _parts(events: Sequence[Event], size: int) -> Iterator[list[Event]]:
    for start in range(0, len(events), size):
        yield list(events[start : start + size])


def _compare(log: EventLog, engine: Engine, replayed: Replayed) -> Iterator[str]:
    """What is stored and should not be, and what is missing."""
    expected = log.activities
    with engine.connect() as connection:
        flows = connection.execute(select(_workflow).where(_workflow.c.name == log.name)).all()
        ids = select(_workflow.c.id).where(_workflow.c.name == log.name)
        entries = connection.execute(select(_journal).where(_journal.c.workflow_id.in_(ids))).all()
        steps = connection.execute(select(_step).where(_step.c.workflow_id.in_(ids))).all()
        sources = {log.source(owner) for owner in OWNERS.values()}
        events = connection.execute(select(_event).where(_event.c.source.in_(sources))).all()
    replayed.workflows = len(flows)
    key_of = {flow.id: flow.key for flow in flows}
    if sorted(key_of.values()) != sorted(expected):
        yield f"There are {len(flows)} workflows for {len(expected)} cases."
    journaled: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        event = json.loads(entry.data).get("event")
        if event is not None and entry.kind != EntryKind.WORKFLOW_STARTED.value:
            journaled[key_of[entry.workflow_id]][event["type"]] += 1
            replayed.activities += 1
    for case, activities in expected.items():
        if journaled[case] != activities:
            yield f"Case {case}: the log has {dict(activities)}, the journal {dict(journaled[case])}."
    for flow in flows:
        cancelled = FAILS in expected.get(flow.key, ())
        state = WorkflowState.FAILED if cancelled else WorkflowState.SUCCEEDED
        if (cancelled or set(PLAN) <= set(expected.get(flow.key, ()))) and flow.state != state.value:
            yield f"Case {flow.key} is {flow.state}, and should be {state.value}."
    done = {(key_of[step.workflow_id], step.name): step.state for step in steps}
    wanted = {
        (case, activity): (StepState.FAILED if activity == FAILS else StepState.SUCCEEDED).value
        for case, activities in expected.items()
        for activity in activities
    }
    yield from (
        f"Step {key}: {done.get(key)} instead of {state}." for key, state in wanted.items() if done.get(key) != state
    )
    yield from (f"Step {key} is {state}, and nobody did it." for key, state in done.items() if key not in wanted)
    if len(events) != len(log.events):
        yield f"{len(events)} events are stored of {len(log.events)}."
    yield from (f"Event {event.id} is {event.state}." for event in events if event.state != EventState.APPLIED.value)
