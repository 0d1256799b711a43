"""What a compensation leaves as it is, counted in SQL because a workflow may have ten thousand steps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from airflow_wfstate.domain.messages.staying import ACTED, MAX_NAMED, StayingStep, StayingSteps
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.places import read_places

_step, _round, _compensation = schema.step, schema.round_, schema.compensation


def read_staying_steps(connection: Connection, workflow_id: str) -> StayingSteps:
    """The steps of a workflow that stay as they are when it is undone."""
    count = count_staying(connection, workflow_id)
    identity = (_step.c.participant, _step.c.place, _step.c.name, _step.c.item_key)
    named = _staying(workflow_id, *identity, _round.c.number, _round.c.state)
    in_order = named.order_by(_step.c.started_at, _step.c.id, _round.c.number).limit(MAX_NAMED)
    rows = connection.execute(in_order).all() if count else ()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return StayingSteps(
        count=count,
        steps=[StayingStep(places.name(row).label, row.number, StepState(row.state)) for row in rows],
    )


def count_staying(connection: Connection, workflow_id: str) -> int:
    """The number of rounds that stay as they are."""
    return int(connection.execute(_staying(workflow_id, func.count())).scalar_one())


def undo_counts(connection: Connection, workflow_id: str) -> dict[str, JsonValue]:
    """The numbers that the journal keeps about a compensation when it begins and when it has ended."""
    by_state = {
        row.state: row.number
        for row in connection.execute(
            select(_compensation.c.state, func.count().label("number"))
            .where(_compensation.c.workflow_id == workflow_id)
            .group_by(_compensation.c.state)
        )
    }
    irreversible = select(func.count()).where(
        _step.c.workflow_id == workflow_id,
        _step.c.irreversible.is_not(None),
        _step.c.state.in_([state.value for state in ACTED]),
    )
    return {
        **{f"undos_{state.value}": by_state[state.value] for state in CompensationState if state.value in by_state},
        "staying": count_staying(connection, workflow_id),
        "irreversible": int(connection.execute(irreversible).scalar_one()),
    }


def _staying(workflow_id: str, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(_step)
        .join(_round, _round.c.step_id == _step.c.id)
        .outerjoin(
            _compensation, and_(_compensation.c.step_id == _round.c.step_id, _compensation.c.round == _round.c.number)
        )
        .where(
            _step.c.workflow_id == workflow_id,
            _step.c.irreversible.is_(None),
            _compensation.c.step_id.is_(None),
            _round.c.state.in_([state.value for state in ACTED]),
        )
    )
