"""A deadline acts once, by its policy."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import update

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import DeadlinePolicy, FailurePolicy
from airflow_wfstate.store.database import schema
from tests.support.world import World

PAST = timedelta(minutes=5)


def _start(world: World, policy: DeadlinePolicy, *, on_failure: FailurePolicy = FailurePolicy.COMPENSATE) -> str:
    """A workflow with one finished step, one running step, and a deadline that has passed; its id."""
    run_id = world.rows.add_run("intake")
    request = StartWorkflow(
        world.rows.add_task("intake", run_id, "start", state="running"),
        "order",
        run_id,
        Payload.of(None),
        deadline_seconds=3600,
        on_deadline=policy,
        on_failure=on_failure,
    )
    workflow_id = world.backend.start_workflow(request).workflow.id
    _, begun = world.begin(run_id, "charge", compensation=CompensationDeclaration("task:charge"))
    world.succeed(begun, 1)
    world.begin(run_id, "ship")
    world.sweep()
    assert world.state(workflow_id).value == "running", "the deadline is not over"
    _pass(world, workflow_id)
    return workflow_id


def _pass(world: World, workflow_id: str) -> None:
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.workflow)
            .where(schema.workflow.c.id == workflow_id)
            .values(deadline_at=datetime.now(timezone.utc) - PAST)
        )


def _state(world: World, workflow_id: str) -> str:
    return world.state(workflow_id).value


@pytest.mark.parametrize(
    ("policy", "on_failure", "state"),
    [
        (DeadlinePolicy.FLAG, FailurePolicy.COMPENSATE, "running"),
        (DeadlinePolicy.FAIL, FailurePolicy.COMPENSATE, "compensating"),
        (DeadlinePolicy.FAIL, FailurePolicy.HOLD, "failed"),
        (DeadlinePolicy.CANCEL, FailurePolicy.COMPENSATE, "cancelled"),
        (DeadlinePolicy.COMPENSATE, FailurePolicy.HOLD, "compensating"),
    ],
)
def test_it_acts_by_its_policy_and_once(
    world: World, policy: DeadlinePolicy, on_failure: FailurePolicy, state: str
) -> None:
    workflow_id = _start(world, policy, on_failure=on_failure)

    assert world.sweep().deadlines == 1

    assert _state(world, workflow_id) == state
    assert world.told(workflow_id).count("workflow.overdue") == 1
    flags = [flag.kind for flag in world.backend.get_workflow(workflow_id).summary.flags]
    assert (FlagKind.OVERDUE in flags) == (state in ("running", "failed"))
    assert world.sweep().deadlines == 0
    assert world.told(workflow_id).count("workflow.overdue") == 1


def test_a_failure_by_deadline_says_so_and_ends_the_tasks(world: World) -> None:
    workflow_id = _start(world, DeadlinePolicy.FAIL, on_failure=FailurePolicy.HOLD)

    world.sweep()

    detail = world.backend.get_workflow(workflow_id)
    assert "The deadline" in str(detail.summary.error)
    shipping = next(step for step in detail.steps if step.name == "ship")
    assert world.rows.task_state(shipping.attempts[-1].task_instance_id) == "failed"


def test_a_new_deadline_acts_again(world: World) -> None:
    workflow_id = _start(world, DeadlinePolicy.FLAG)
    world.sweep()
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.workflow).where(schema.workflow.c.id == workflow_id).values(deadline_acted_at=None)
        )

    assert world.sweep().deadlines == 1


def test_it_does_nothing_while_compensating(world: World) -> None:
    workflow_id = _start(world, DeadlinePolicy.COMPENSATE)
    world.sweep()
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.workflow).where(schema.workflow.c.id == workflow_id).values(deadline_acted_at=None)
        )
    before = world.told(workflow_id)

    assert world.sweep().deadlines == 0

    assert [line for line in world.told(workflow_id) if line not in before] == []


@pytest.mark.parametrize("policy", [DeadlinePolicy.FAIL, DeadlinePolicy.CANCEL, DeadlinePolicy.COMPENSATE])
def test_the_workflow_is_told_that_its_deadline_has_passed(world: World, policy: DeadlinePolicy) -> None:
    workflow_id = _start(world, policy)

    world.sweep()

    error = world.backend.get_workflow(workflow_id).summary.error
    assert str(error).startswith("The deadline ")
    assert str(error).endswith(" has passed.")
