"""Rename a step that has a new name in the current code: its rows, its compensation and its place in the plan.

Journal entries written under the old name stay unchanged.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, exists, select, update

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.content import read_definition, store_definition
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change

_step = schema.step

_TO_COME = [state.value for state in CompensationState if state is not CompensationState.DONE]
"""States in which a compensation may still run, if only after a reopening or an operator's decision."""


def rename_former(change: Change, caller: Caller, request: BeginStep) -> bool:
    """Rename a step that began under one of the former names given in the request; return whether there was one.

    Renames all its items at once.
    """
    handler = None if request.compensation is None else request.compensation.handler
    return any(
        rename_step(change, caller.dag_id, former, request.name, handler) > 0
        for former in request.was
        if former != request.name
    )


def rename_step(change: Change, participant: str, old: str, new: str, handler: str | None) -> int:
    """Rename a participant's step in all its places, with all its items; return the number of renamed rows.

    An item that has already begun under the new name too keeps the old one: the two stay separate.

    :param handler: the compensation that the step declares now; it replaces the recorded compensation if that was a
        task. None when the step declares none: the recorded one stays, and a plan shows whether it can be found.
    """
    connection = change.connection
    other = _step.alias("other")
    is_taken = exists(
        select(other.c.id).where(
            other.c.workflow_id == _step.c.workflow_id,
            other.c.participant == _step.c.participant,
            other.c.place == _step.c.place,
            other.c.item_key == _step.c.item_key,
            other.c.name == new,
        )
    )
    to_rename = (
        _step.c.workflow_id == change.workflow_id,
        _step.c.participant == participant,
        _step.c.name == old,
        ~is_taken,
    )
    ids = list(connection.execute(select(_step.c.id).where(*to_rename)).scalars())
    if not ids:
        return 0
    connection.execute(update(_step).where(*to_rename).values(name=new))
    if handler is not None:
        _hand_undo_over(connection, change.workflow_id, participant, new, handler)
    _rename_in_plan(change, participant, old, new)
    change.journal(
        EntryKind.STEP_RENAMED,
        step=StepName(participant, new).qualified,
        data={"from": old, "to": new, "items": len(ids)},
    )
    return len(ids)


def _hand_undo_over(connection: Connection, workflow_id: str, participant: str, name: str, handler: str) -> None:
    """Point the compensations of the step's rounds to the renamed task that declares them."""
    compensation = schema.compensation
    of_step = select(_step.c.id).where(
        _step.c.workflow_id == workflow_id, _step.c.participant == participant, _step.c.name == name
    )
    connection.execute(
        update(compensation)
        .where(
            compensation.c.workflow_id == workflow_id,
            compensation.c.step_id.in_(of_step),
            compensation.c.handler.startswith(TASK_HANDLER, autoescape=True),
            compensation.c.state.in_(_TO_COME),
        )
        .values(handler=handler)
    )


def _rename_in_plan(change: Change, participant: str, old: str, new: str) -> None:
    """Use the step's new name in the workflow's plan."""
    connection = change.connection
    definition = read_definition(connection, change.name, change.definition_sha256)
    entries = {old: new, f"{participant}.{old}": f"{participant}.{new}"}
    plan = [entries.get(entry, entry) for entry in definition.plan]
    if plan == definition.plan or len(set(plan)) < len(plan):
        return
    renamed = replace(definition, plan=plan)
    change.definition_sha256 = store_definition(connection, change.name, renamed)
    change.set(definition_sha256=change.definition_sha256)
