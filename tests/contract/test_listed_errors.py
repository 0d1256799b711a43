"""The contract of errors in a list: one line each, however long the error is."""

from __future__ import annotations

from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.text.error_line import MAX_ERROR_LINE
from tests.support.saga import Saga
from tests.support.world import World

FRAME = '  File "bank.py", line 7, in charge\n'
LONG = f"Traceback (most recent call last):\n{FRAME * 200}ValueError: card declined"


def test_a_list_has_a_line_of_each_error_and_one_workflow_all_of_it(world: World) -> None:
    name = world.unique("name")
    saga = Saga.start(world, name=name, on_failure=FailurePolicy.HOLD)
    saga.fail(LONG)
    saga = Saga.start(world, name=name, on_failure=FailurePolicy.HOLD)
    saga.fail("x" * MAX_ERROR_LENGTH)

    cut, line = world.backend.list_workflows(WorkflowQuery(name=name)).workflows

    assert line.error == "ValueError: card declined"
    assert "ValueError: card declined" in line.flags[0].cause
    assert all(len(found.flags[0].cause) < 2 * MAX_ERROR_LINE for found in (cut, line))
    assert cut.error is not None
    assert len(cut.error) == MAX_ERROR_LINE
    whole = [world.backend.get_workflow(found.id).summary.error or "" for found in (cut, line)]
    assert "x" * (MAX_ERROR_LENGTH - 100) in whole[0]
    assert LONG[:1000] in whole[1]


def test_a_step_that_has_failed_under_a_running_workflow_is_told_in_a_line(world: World) -> None:
    name = world.unique("name")
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name=name).workflow.id
    task, begun = world.begin(run_id, "charge")
    world.fail(begun, LONG)
    world.rows.set_task_state(task, "failed")

    (listed,) = world.backend.list_workflows(WorkflowQuery(name=name)).workflows

    assert listed.failing is not None
    assert listed.failing.error == "ValueError: card declined"
    alone = world.backend.get_workflow(workflow_id).summary.failing
    assert alone is not None
    assert alone.error == LONG
