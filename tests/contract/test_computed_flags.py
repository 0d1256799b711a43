"""The contract of flags that are computed from the workflow's row: current when they are read, without a sweep."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import update

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from tests.support.saga import BREAKS, Saga
from tests.support.world import World


def _flags(world: World, workflow_id: str) -> dict[FlagKind, Flag]:
    """The flags that a workflow shows now; list, filter and counts agree with its page."""
    summary = world.backend.get_workflow(workflow_id).summary
    alone = WorkflowQuery(name=summary.name, key=summary.key)
    (listed,) = world.backend.list_workflows(alone).workflows
    assert listed.flags == summary.flags
    for stuck in (True, False):
        query = WorkflowQuery(name=summary.name, key=summary.key, stuck=stuck, with_total=True)
        page = world.backend.list_workflows(query)
        assert (len(page.workflows), page.total) == ((1, 1) if stuck is bool(summary.flags) else (0, 0))
    stats = world.backend.read_stats(alone)
    assert stats.flagged == (1 if summary.flags else 0)
    assert {kind for kind, number in stats.by_flag.items() if number} == {flag.kind for flag in summary.flags}
    return {flag.kind: flag for flag in summary.flags}


def _set_deadline(world: World, workflow_id: str, ahead: timedelta) -> datetime:
    deadline = datetime.now(timezone.utc) + ahead
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.workflow).where(schema.workflow.c.id == workflow_id).values(deadline_at=deadline)
        )
    return deadline


def test_a_failed_workflow_is_held_at_once_with_its_own_reason_and_command(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    assert _flags(world, saga.workflow_id) == {}

    saga.fail()

    flag = _flags(world, saga.workflow_id)[FlagKind.HELD]
    assert flag.cause == f"It failed: Step {BREAKS} failed: broken; its policy on failure is to hold."
    assert flag.command == f"airflow wfstate resume {saga.workflow_id}"
    failed = next(entry for entry in world.journal(saga.workflow_id) if entry.kind.value == "workflow.failed")
    assert abs(flag.since - failed.at) < timedelta(seconds=1)


def test_what_the_sweep_had_found_is_not_shown_in_another_state(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    task = world.rows.add_task("intake", saga.run_id, BREAKS)
    world.fail(world.begin_as(task, BREAKS), "broken")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=60))
    world.rows.add_task("intake", saga.run_id, "later", state="upstream_failed")
    world.sweep()
    assert list(_flags(world, saga.workflow_id)) == [FlagKind.UPSTREAM_FAILED]

    saga.ask()
    assert list(_flags(world, saga.workflow_id)) == [FlagKind.HELD]

    world.rows.count_clear("intake", saga.run_id)
    world.begin_as(world.rows.next_try(task), BREAKS)
    assert saga.detail().summary.state is WorkflowState.RUNNING
    assert _flags(world, saga.workflow_id) == {}, "not even what was true of it before"

    world.sweep()
    assert list(_flags(world, saga.workflow_id)) == [FlagKind.UPSTREAM_FAILED], "found again"


@pytest.mark.parametrize("end", ["cancelled", "compensated"])
def test_a_held_workflow_that_has_ended_has_no_flag(world: World, end: str) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    saga.fail()
    world.sweep()

    if end == "cancelled":
        world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))
    else:
        world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
        assert _flags(world, saga.workflow_id) == {}
        saga.undo(saga.ask())

    assert saga.detail().summary.state.value == end
    assert _flags(world, saga.workflow_id) == {}


def test_a_compensation_that_failed_is_held_with_the_command_that_tries_again(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")

    saga.undo(saga.fail(), fails=["one"])

    flag = _flags(world, saga.workflow_id)[FlagKind.HELD]
    assert "The compensation of step intake.one failed: the printer is on fire" in flag.cause
    assert flag.command == f"airflow wfstate compensate {saga.workflow_id}"


def test_overdue_is_told_the_moment_that_the_deadline_has_passed_and_until_it_is_moved(world: World) -> None:
    saga = Saga.start(world)
    _set_deadline(world, saga.workflow_id, timedelta(hours=1))
    assert _flags(world, saga.workflow_id) == {}

    deadline = _set_deadline(world, saga.workflow_id, timedelta(seconds=-1))

    flag = _flags(world, saga.workflow_id)[FlagKind.OVERDUE]
    assert (flag.since, flag.command) == (deadline, f"airflow wfstate cancel {saga.workflow_id} --compensate")
    _set_deadline(world, saga.workflow_id, timedelta(hours=1))
    assert _flags(world, saga.workflow_id) == {}


def test_a_failed_workflow_may_be_overdue_and_held(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.fail()
    _set_deadline(world, saga.workflow_id, timedelta(seconds=-1))

    flags = _flags(world, saga.workflow_id)

    assert list(flags) == [FlagKind.OVERDUE, FlagKind.HELD]
    assert {flag.command.split()[2] for flag in flags.values()} == {"resume"}
