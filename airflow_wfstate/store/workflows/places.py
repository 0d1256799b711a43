"""The places of participants, and their names.

A run triggered by a step does the steps of its DAG at the place of that step. The name of a place depends on the
current workflow: step names only include it if the DAG takes part at several places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, case, func, select

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.step_name import NOWHERE, Place, StepName
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.schema import NO_PLACE

_run, _step = schema.run, schema.step

_BATCH: Final = 5000
"""Ids per statement; SQLite accepts 32,766 parameters."""

_PLACE_OF_RUN: Final = case((_run.c.role == RunRole.CHILD.value, _run.c.parent_step_id))

STEP_IDENTITY: Final = (_step.c.participant, _step.c.place, _step.c.name, _step.c.item_key)
"""The columns that make up a step's name."""

Where = tuple[str, str]
"""A participant, and the id of the step that triggered its run (``schema.NO_PLACE`` for none)."""


class Places:
    """The places of some steps.

    :param found: the places that have a name.
    """

    def __init__(self, found: dict[Where, Place]) -> None:
        self._found = found

    def of(self, participant: str, place_id: str) -> Place:
        """The place."""
        return self._found.get((participant, place_id), NOWHERE)

    def name(self, row: Any) -> StepName:
        """The name of the step in a row with participant, place, name and item key."""
        return StepName(row.participant, row.name, row.item_key, self.of(row.participant, row.place))


def read_places(connection: Connection, wheres: Iterable[Where]) -> Places:
    """Read the names of the places. Reads nothing if no step triggered a run.

    A place is named after the step that triggered the run. If two such steps have the same name, the place gets the
    whole label of its step.
    """
    wanted = {where for where in wheres if where[1] != NO_PLACE}
    if not wanted:
        return Places({})
    triggers = _triggers(connection, {place_id for _, place_id in wanted})
    workflow_ids = {row.workflow_id for row in triggers.values()}
    participants = {participant for participant, _ in wanted}
    several = _at_several_places(connection, workflow_ids, participants)
    ambiguous = _ambiguous(connection, several)
    found: dict[Where, Place] = {}
    unclear: dict[Where, Any] = {}
    for participant, place_id in wanted:
        trigger = triggers.get(place_id)
        if trigger is None:
            continue
        is_needed = (trigger.workflow_id, participant) in several
        name = StepName(trigger.participant, trigger.name, trigger.item_key).short
        found[participant, place_id] = Place(name, is_needed)
        if (trigger.workflow_id, participant, trigger.name, trigger.item_key) in ambiguous:
            unclear[participant, place_id] = trigger
    above = read_places(connection, ((row.participant, row.place) for row in unclear.values()))
    found.update({where: Place(above.name(row).label, is_needed=True) for where, row in unclear.items()})
    return Places(found)


def places_of_workflow(connection: Connection, workflow_id: str) -> Places:
    """Read the names of the places of all steps of a workflow."""
    wheres = select(_step.c.participant, _step.c.place).where(_step.c.workflow_id == workflow_id).distinct()
    return read_places(connection, [(row.participant, row.place) for row in connection.execute(wheres)])


def read_name(connection: Connection, row: Any) -> StepName:
    """The name of the step in one row with the columns of :data:`STEP_IDENTITY`."""
    return read_places(connection, [(row.participant, row.place)]).name(row)


def read_place(connection: Connection, participant: str, place_id: str) -> Place:
    """The name of one place."""
    return read_places(connection, [(participant, place_id)]).of(participant, place_id)


def _triggers(connection: Connection, step_ids: set[str]) -> dict[str, Any]:
    columns = (_step.c.id, _step.c.workflow_id, _step.c.participant, _step.c.place, _step.c.name, _step.c.item_key)
    ids = sorted(step_ids)
    found: dict[str, Any] = {}
    for start in range(0, len(ids), _BATCH):
        rows = connection.execute(select(*columns).where(_step.c.id.in_(ids[start : start + _BATCH])))
        found.update((row.id, row) for row in rows.all())
    return found


def _at_several_places(connection: Connection, workflow_ids: set[str], participants: set[str]) -> set[tuple[str, str]]:
    """Pairs of workflow and participant for participants at several places; having no place counts as one."""
    places = func.count(_PLACE_OF_RUN.distinct()) + func.max(case((_PLACE_OF_RUN.is_(None), 1), else_=0))
    rows = connection.execute(
        select(_run.c.workflow_id, _run.c.dag_id)
        .where(_run.c.workflow_id.in_(sorted(workflow_ids)), _run.c.dag_id.in_(sorted(participants)))
        .group_by(_run.c.workflow_id, _run.c.dag_id)
        .having(places > 1)
    )
    return {(row.workflow_id, row.dag_id) for row in rows}


def _ambiguous(connection: Connection, several: set[tuple[str, str]]) -> set[tuple[str, str, str, str]]:
    """Workflow, participant, name and item of triggering steps, where several such steps share them."""
    if not several:
        return set()
    rows = connection.execute(
        select(_run.c.workflow_id, _run.c.dag_id, _step.c.name, _step.c.item_key)
        .join(_step, _step.c.id == _PLACE_OF_RUN)
        .where(
            _run.c.workflow_id.in_({workflow_id for workflow_id, _ in several}),
            _run.c.dag_id.in_({dag_id for _, dag_id in several}),
        )
        .group_by(_run.c.workflow_id, _run.c.dag_id, _step.c.name, _step.c.item_key)
        .having(func.count(_step.c.id.distinct()) > 1)
    )
    return {(row.workflow_id, row.dag_id, row.name, row.item_key) for row in rows}
