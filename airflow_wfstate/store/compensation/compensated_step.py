"""When a step counts as compensated: one rule, whoever ended the undo of one of its rounds."""

from __future__ import annotations

from sqlalchemy import and_, exists, update

from airflow_wfstate.domain.rules.states import CompensationState, StepState, predecessors
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.steps.undo_order import IS_NEEDED
from airflow_wfstate.store.workflows.change import Change

_compensation, _round, _step = schema.compensation, schema.round_, schema.step

_OF_STEP = _compensation.c.step_id == _step.c.id

_IS_DONE = exists().where(_OF_STEP, _compensation.c.state == CompensationState.DONE.value)

_LEFT = exists().where(
    _OF_STEP,
    and_(_round.c.step_id == _compensation.c.step_id, _round.c.number == _compensation.c.round),
    _compensation.c.state.not_in([CompensationState.DONE.value, CompensationState.NOT_NEEDED.value]),
    IS_NEEDED,
)


def settle_step(change: Change, step_id: str) -> None:
    """Make a step compensated if something of it was undone, and no round of it is left that needs an undo.

    To be called when the undo of one of its rounds has ended, and that end is written. A round whose undo a person
    skipped is left as it is, so its step stays in its state.
    """
    change.connection.execute(
        update(_step)
        .where(
            _step.c.id == step_id,
            _step.c.state.in_([state.value for state in predecessors(StepState.COMPENSATED)]),
            _IS_DONE,
            ~_LEFT,
        )
        .values(state=StepState.COMPENSATED.value, updated_at=change.now)
    )
