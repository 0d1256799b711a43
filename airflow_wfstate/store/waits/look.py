"""A triggerer's check of its waits: one statement for up to a thousand, and a transaction for those that end."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from airflow_wfstate.domain.messages.wait import MAX_WAITS
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import event_tables, schema, wait_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.waits.register import end_if_over
from airflow_wfstate.store.waits.row import lock_by_ids

_wait: Final = wait_tables.wait
_workflow: Final = schema.workflow
_step: Final = schema.step
_event: Final = event_tables.event


_IS_APPLIED: Final = text(f"wfstate_event.state = '{EventState.APPLIED.value}'")

_IS_PARKED: Final = text(f"wfstate_event.state = '{EventState.PARKED.value}'")
"""Constants, not parameters, so that PostgreSQL can use the partial indexes of parked events."""


def check_wait_ids(wait_ids: Sequence[str]) -> list[str]:
    """The ids in their canonical form, without duplicates.

    :raises InvalidRequest: there are too many, or one is not a UUID.
    """
    if len(wait_ids) > MAX_WAITS:
        raise InvalidRequest(f"The request names {len(wait_ids)} waits.", f"Ask for at most {MAX_WAITS} at a time.")
    try:
        # Ten thousand waits are checked every few seconds; making a UUID of each id took a sixth of that time.
        return list({_canonical(wait_id): None for wait_id in wait_ids})
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidRequest("A wait's id is not a UUID.", "Send the ids that the registration returned.") from error


def _canonical(wait_id: str) -> str:
    return wait_id if _CANONICAL.fullmatch(wait_id) else str(UUID(wait_id))


_CANONICAL: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def find_over(connection: Connection, wait_ids: list[str]) -> list[str]:
    """Those of the waits that may have something to report: ended, gone, or with a target that may end them."""
    if not wait_ids:
        return []
    if connection.dialect.name == "postgresql":
        return list(connection.execute(_ON_POSTGRESQL, {"wait_ids": ",".join(wait_ids)}).scalars())
    plain = json.dumps([UUID(wait_id).hex for wait_id in wait_ids])  # the form in which SQLite stores a UUID
    return [str(UUID(found)) for found in connection.execute(_ON_SQLITE, {"wait_ids": plain}).scalars()]


def end_those_over(connection: Connection, wait_ids: list[str]) -> list[str]:
    """Record the end of each wait that has one, and return the ids of those that continue anyway."""
    ended = [end_if_over(connection, wait) for wait in lock_by_ids(connection, wait_ids)]
    return [wait.id for wait in ended if wait.ended_at is None]


def _over(asked: FromClause, asked_id: str) -> Select[Any]:
    """The statement.

    What may end a wait is stored with it, as states between commas (``register.py``), so that nothing about the
    thousands of waits that continue leaves the database.
    """
    first = (
        select(_workflow.c.id)
        .where(_workflow.c.name == _wait.c.target_name, _workflow.c.key == _wait.c.target_key)
        .order_by(_workflow.c.generation)
        .limit(1)
        .correlate(_wait)
        .scalar_subquery()
    )
    of_correlation = (
        select(_workflow.c.id)
        .where(_workflow.c.correlation_id == _wait.c.target_correlation_id)
        .order_by(_workflow.c.generation, _workflow.c.started_at)
        .limit(1)
        .correlate(_wait)
        .scalar_subquery()
    )
    target_id = func.coalesce(_wait.c.target_workflow_id, first, of_correlation)
    came = (
        select(_event.c.id)
        .where(_event.c.workflow_id == _workflow.c.id, _event.c.type == _wait.c.target_event, _IS_APPLIED)
        .correlate(_wait, _workflow)
        .exists()
    )
    is_parked = (
        select(_event.c.id)
        .where(
            _IS_PARKED,
            _event.c.type == _wait.c.target_event,
            or_(
                _event.c.correlation_id == _wait.c.target_correlation_id,
                and_(_event.c.name == _wait.c.target_name, _event.c.key == _wait.c.target_key),
            ),
        )
        .correlate(_wait)
        .exists()
    )
    step_wakes = (
        select(_step.c.id)
        .where(
            _step.c.workflow_id == _workflow.c.id,
            _step.c.participant == _wait.c.target_participant,
            _step.c.name == _wait.c.target_step,
            _step.c.item_key == func.coalesce(_wait.c.target_item_key, ""),
            _wait.c.step_wakes.contains("," + _step.c.state + ","),
        )
        .correlate(_wait, _workflow)
        .exists()
    )
    return (
        select(asked.c[asked_id])
        .select_from(
            asked.outerjoin(_wait, _wait.c.id == asked.c[asked_id]).outerjoin(_workflow, _workflow.c.id == target_id)
        )
        .where(
            or_(
                _wait.c.id.is_(None),
                _wait.c.ended_at.is_not(None),
                _wait.c.deadline_at <= database_now(),
                _wait.c.workflow_wakes.contains("," + _workflow.c.state + ","),
                and_(_wait.c.step_wakes.is_not(None), step_wakes),
                and_(_wait.c.target_event.is_not(None), or_(came, and_(_workflow.c.id.is_(None), is_parked))),
            )
        )
    )


# A single text: a thousand parameters would have to be quoted one by one here, and parsed one by one there.
_UUIDS: Final = cast(func.string_to_array(bindparam("wait_ids", type_=Text), ","), ARRAY(Uuid(as_uuid=False)))

_ON_POSTGRESQL: Final = _over(
    func.unnest(_UUIDS).table_valued(column("id", _wait.c.id.type), name="asked").render_derived(), "id"
)

_ON_SQLITE: Final = _over(func.json_each(bindparam("wait_ids")).table_valued("value", name="asked"), "value")
