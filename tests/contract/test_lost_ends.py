"""The contract of an attempt that reports that it does not know how it ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import EndAttempt
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.exceptions import (
    StaleAttempt,
)
from tests.support.saga import Saga
from tests.support.world import World


@pytest.fixture
def run_id(world: World) -> str:
    """A run that has started a workflow."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return run_id


@pytest.mark.parametrize("when", list(CompensateWhen))
def test_an_attempt_that_says_that_it_is_lost_is_undone_and_not_failed(world: World, when: CompensateWhen) -> None:
    saga = Saga.start(world)
    declared = CompensationDeclaration(handler="task:book", when=when)
    task_instance_id, begun = world.begin(saga.run_id, "book", compensation=declared)
    lost = EndAttempt(begun.attempt_key, 1, StepState.LOST, error="the answer to the commit was lost")

    assert world.backend.end_attempt(lost) == world.backend.end_attempt(lost)  # sent again

    (step,) = world.backend.get_workflow(begun.workflow.id).steps
    assert (step.state, step.error) == (StepState.LOST, "the answer to the commit was lost")
    assert (step.attempts[0].state, step.attempts[0].error) == (StepState.LOST, step.error)
    assert world.told(begun.workflow.id).count("step.lost intake.book") == 1
    with pytest.raises(StaleAttempt, match="is lost"):
        world.begin_as(task_instance_id, "book")  # a repeated begin that came late
    work = saga.fail().work
    assert work is not None
    assert (work.step_name, work.output) == ("book", None)
    assert world.state(begun.workflow.id) is WorkflowState.COMPENSATING


def test_a_lost_attempt_is_followed_by_the_next_of_its_round_and_may_still_succeed(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "book")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.LOST, error="unknown"))
    second = world.begin_as(world.rows.next_try(task_instance_id), "book")
    assert (second.attempt, second.round, second.idempotency_key) == (2, 1, begun.idempotency_key)

    world.backend.end_attempt(EndAttempt(second.attempt_key, 1, StepState.LOST, error="unknown"))
    world.succeed(second, 7, write=2)

    (step,) = world.backend.get_workflow(begun.workflow.id).steps
    assert (step.state, step.error, step.output) == (StepState.SUCCEEDED, None, Payload.of(7))


def test_what_was_found_lost_already_says_so_itself_and_nothing_changes(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "book")
    world.rows.set_task_state(task_instance_id, "failed", ended_ago=timedelta(hours=1))
    world.sweep()
    before = world.journal(begun.workflow.id)

    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.LOST, error="unknown"))

    assert world.journal(begun.workflow.id) == before
