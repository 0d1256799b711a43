"""Flags caused by services: one has not reported for longer than it usually takes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from threading import Lock
from typing import Any, Final

from cachetools import LRUCache, TTLCache, cached
from cachetools.keys import hashkey
from sqlalchemy import Connection, Select, func, select

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.flag import FLAG_STATES, Flag, FlagKind
from airflow_wfstate.domain.rules.services.awaited import AwaitedStep, awaited_steps, service_steps
from airflow_wfstate.domain.rules.services.choreography import Choreography
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.applied import choreography_of
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.reading.pending_waits import begun_steps, undo_requests
from airflow_wfstate.store.steps.counts import read_step_groups
from airflow_wfstate.store.sweeping.flag_cause import FlagCause, FoundRow

_workflow, _step, _definition, _compensation = schema.workflow, schema.step, schema.definition, schema.compensation

_USUAL_TIMES: Final = 3
"""How many times its usual duration a service may take."""
_EARLIER: Final = 20
"""How many earlier workflows determine the usual duration."""
_USUAL_KEPT_SECONDS: Final = 300
_MOST_USERS: Final = 5

_STATES: Final = [state.value for state in FLAG_STATES[FlagKind.WAITS_FOR_SERVICE]]


@dataclass(frozen=True)
class _Lateness:
    """A late report that a workflow waits for.

    :param late_at: when the flag becomes due.
    :param cause: as a sentence without its full stop and without the duration.
    :param usual: how long it usually takes; None when unknown.
    """

    late_at: datetime
    since: datetime
    cause: str
    owner: str | None
    usual: timedelta | None


# Orders wait for days, thousands of them at once: if one has not changed, a pass only reads its row.
_KEPT: Final[LRUCache[tuple[str, int], _Lateness | None]] = LRUCache(50_000)
_KEPT_LOCK: Final = Lock()


def _waiting(now: datetime) -> Select[Any]:
    """Working workflows in which services may take part, and that are old enough to have waited too long."""
    with_services = select(_definition.c.name).where(_definition.c.content.like('%"choreography":%'))
    return select(
        _workflow.c.id.label("workflow_id"),
        _workflow.c.name,
        _workflow.c.key,
        _workflow.c.state,
        _workflow.c.version,
        _workflow.c.started_at,
        _workflow.c.definition_sha256,
    ).where(
        _workflow.c.state.in_(_STATES),
        _workflow.c.started_at <= now - conf.stuck_running(),
        _workflow.c.name.in_(with_services),
    )


def _flag(connection: Connection, row: FoundRow, now: datetime) -> Flag | None:
    key = (row.workflow_id, row.version)
    with _KEPT_LOCK:
        is_known, late = key in _KEPT, _KEPT.get(key)
    if not is_known:
        late = min(_latenesses(connection, row), key=lambda one: one.late_at, default=None)
        with _KEPT_LOCK:
            _KEPT[key] = late
    if late is None or late.late_at > now:
        return None
    usually = "" if late.usual is None else f" (it usually takes {_rounded(late.usual)})"
    cause = f"{late.cause} for {_rounded(now - late.since)}{usually}."
    command = f"airflow wfstate event list --name {shlex.quote(row.name)} --key {shlex.quote(row.key)}"
    return Flag(FlagKind.WAITS_FOR_SERVICE, cause, late.since, late.owner, command)


def _latenesses(connection: Connection, row: FoundRow) -> Iterator[_Lateness]:
    definition = read_definition(connection, row.name, row.definition_sha256)
    choreography = choreography_of(connection, row.name, definition)
    if choreography is None:
        return
    if row.state == WorkflowState.COMPENSATING.value:
        yield from _undos(connection, row, choreography)
        return
    _, groups = read_step_groups(connection, row.workflow_id)
    known = service_steps(definition.plan, choreography)
    for step in awaited_steps(definition.plan, known, begun_steps(groups), row.started_at):
        usual = _usual(connection, row.name, step.service, step.step, has_begun=step.has_begun)
        patience = max(conf.stuck_running(), timedelta(0) if usual is None else _USUAL_TIMES * usual)
        yield _Lateness(step.since + patience, step.since, _cause(step), _users(choreography, step.service), usual)


def _cause(step: AwaitedStep) -> str:
    if step.has_begun:
        return f"Step {step.service}.{step.step} has been in progress at its service, with no report of its end,"
    return f"The next step is {step.service}.{step.step}, but its service has not reported on it"


def _undos(connection: Connection, row: FoundRow, choreography: Choreography) -> Iterator[_Lateness]:
    for asked in connection.execute(undo_requests().where(_compensation.c.workflow_id == row.workflow_id)):
        label = StepName(asked.participant, asked.name).label
        cause = f"The service {asked.participant} was asked to undo {label} and has not answered"
        owner = _users(choreography, asked.participant)
        yield _Lateness(asked.started_at + conf.stuck_running(), asked.started_at, cause, owner, None)


def _users(choreography: Choreography, name: str) -> str | None:
    """The users who send for a service: whom to ask."""
    service = choreography.service(name)
    return listed(service.users, most=_MOST_USERS) if service is not None and service.users else None


@cached(
    TTLCache(1024, _USUAL_KEPT_SECONDS),
    key=lambda connection, name, service, step, has_begun: hashkey(
        str(connection.engine.url), name, service, step, has_begun
    ),
    lock=Lock(),
)
def _usual(connection: Connection, name: str, service: str, step: str, *, has_begun: bool) -> timedelta | None:
    """The median over some recent workflows of the name: how long the step took, or how long its service was silent.

    None when there are none. Silence begins with the last change of a step that had begun before.
    """
    late = (
        select(_workflow.c.id)
        .where(_workflow.c.name == name, _workflow.c.state == WorkflowState.SUCCEEDED.value)
        .order_by(_workflow.c.started_at.desc(), _workflow.c.id.desc())
        .limit(_EARLIER)
        .subquery()
    )
    earlier = _step.alias()
    before = (
        select(func.max(earlier.c.updated_at))
        .where(
            earlier.c.workflow_id == _step.c.workflow_id,
            earlier.c.item_key == "",
            earlier.c.started_at < _step.c.started_at,
        )
        .correlate(_step)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(_step.c.started_at, _step.c.updated_at, func.coalesce(before, _workflow.c.started_at).label("before"))
        .join(late, late.c.id == _step.c.workflow_id)
        .join(_workflow, _workflow.c.id == _step.c.workflow_id)
        .where(
            _step.c.participant == service,
            _step.c.place == schema.NO_PLACE,
            _step.c.name == step,
            _step.c.state == StepState.SUCCEEDED.value,
        )
    )
    took = [
        (row.updated_at - row.started_at if has_begun else row.started_at - row.before).total_seconds() for row in rows
    ]
    return timedelta(seconds=max(0.0, median(took))) if took else None


def _rounded(duration: timedelta) -> str:
    return str(timedelta(seconds=round(max(0.0, duration.total_seconds()))))


CAUSES: Final = (FlagCause(FlagKind.WAITS_FOR_SERVICE, _waiting, _flag),)
