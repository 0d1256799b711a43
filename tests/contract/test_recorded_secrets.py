"""The contract of recorded texts: the process that knows a secret masks it, for everybody who reads the text later."""

from __future__ import annotations

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import EndCompensation
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH, EndAttempt
from airflow_wfstate.domain.rules.states import StepState
from tests.support.saga import Saga
from tests.support.secrets import knowing
from tests.support.world import World

SECRET = "correct-horse-battery"


def _everything(world: World, workflow_id: str) -> str:
    steps = world.backend.get_workflow(workflow_id).steps
    return repr(
        [
            world.backend.get_workflow(workflow_id),
            [world.backend.get_step(workflow_id, step.id) for step in steps],
            world.backend.list_compensations(workflow_id),
            world.journal(workflow_id),
        ]
    )


def test_an_error_of_a_step_is_recorded_without_the_secret(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    _, begun = world.begin(run_id, "pay")
    with knowing(SECRET):
        end = EndAttempt(begun.attempt_key, 1, StepState.FAILED, error=f"login with {SECRET} failed")
        world.backend.end_attempt(end)

    assert SECRET not in _everything(world, workflow_id)
    assert "login with *** failed" in _everything(world, workflow_id)


def test_no_half_of_a_secret_is_left_where_an_error_is_cut(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    _, begun = world.begin(run_id, "pay")
    with knowing(SECRET):
        error = "x" * (MAX_ERROR_LENGTH - 10) + SECRET
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.FAILED, error=error))

    assert SECRET[:10] not in _everything(world, workflow_id)


def test_a_persons_reason_is_recorded_without_the_secret(world: World) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    cancelled, undone = world.start().workflow.id, saga.workflow_id
    with knowing(SECRET):
        world.backend.cancel_workflow(CancelWorkflow(cancelled, reason=f"the password {SECRET} leaked"))
        world.backend.compensate_workflow(CompensateWorkflow(undone, reason=f"the password {SECRET} leaked"))

    for workflow_id in (cancelled, undone):
        assert SECRET not in _everything(world, workflow_id)
        assert "the password *** leaked" in _everything(world, workflow_id)


def test_an_error_of_an_undo_is_recorded_without_the_secret(world: World) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    turn = saga.fail()
    assert turn.work is not None
    with knowing(SECRET):
        end = EndCompensation(turn.work.compensation_key, succeeded=False, error=f"no refund by {SECRET}")
        world.backend.end_compensation(end)

    assert SECRET not in _everything(world, saga.workflow_id)
    assert "no refund by ***" in _everything(world, saga.workflow_id)
