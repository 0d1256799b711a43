"""The contract of the reason: a workflow's error says who ended it and why, and its undos receive the same text."""

from __future__ import annotations

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from tests.support.saga import Saga
from tests.support.world import World


def _told(saga: Saga) -> tuple[str | None, str | None, str | None]:
    """The workflow's error in its detail, in a list and in its undo."""
    detail = saga.detail().summary
    (listed,) = saga.world.backend.list_workflows(WorkflowQuery(key=detail.key)).workflows
    work = saga.ask().work
    return detail.error, listed.error, None if work is None else work.error


def test_a_cancel_with_compensation_tells_its_reason_to_the_undo(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id, compensate=True, reason="the customer called"))

    error = saga.detail().summary.error
    assert error is not None
    assert error.startswith("Cancelled by ")
    assert error.endswith(": the customer called.")
    assert _told(saga) == (error, error, error)


def test_a_cancel_of_a_failed_workflow_keeps_the_first_error_beside_it(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    saga.fail()
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id, compensate=True, reason="too late"))

    error = saga.detail().summary.error
    assert str(error).endswith(": too late. Before that: Step breaks failed: broken")
    assert _told(saga) == (error, error, error)


def test_a_cancel_without_compensation_has_it_too(world: World) -> None:
    saga = Saga.start(world)
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id, reason="a duplicate"))

    assert str(saga.detail().summary.error).endswith(": a duplicate.")


def test_the_undo_of_a_succeeded_workflow_is_told_who_asked_for_it(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    task = world.rows.add_task("intake", saga.run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(task, Payload.of(None)))
    world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id, reason="recalled"))

    error = saga.detail().summary.error
    assert str(error).startswith("Undone at the request of ")
    assert _told(saga) == (error, error, error)
