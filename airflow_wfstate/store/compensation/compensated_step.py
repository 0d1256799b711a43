"""When a step counts as compensated: one rule, however the compensation of one of its rounds ended."""

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
    """Make a step compensated if something of it was undone and none of its rounds still needs a compensation.

    Call this after writing the end of the compensation of one of its rounds. If an operator skipped a round's
    compensation, the round stays as it is and so does the step's state.
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
