"""Which step a failed workflow names as the cause."""

from __future__ import annotations

from datetime import timedelta

from airflow_wfstate.domain.messages.compensation import TakeTurn
from tests.support.world import World


def test_a_step_that_would_have_retried_is_not_named_as_the_cause(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    again = world.rows.add_task("intake", run_id, "again")
    world.fail(world.begin_as(again, "again"), "busy")
    world.rows.set_task_state(again, "up_for_retry")
    broken = world.rows.add_task("intake", run_id, "broken")
    world.fail(world.begin_as(broken, "broken"), "no money")
    world.rows.set_task_state(broken, "failed", ended_ago=timedelta(seconds=1))

    world.backend.take_turn(TakeTurn(world.rows.add_task("intake", run_id, "compensate"), ["broken", "again"]))

    assert world.backend.get_workflow(workflow.id).summary.error == "Step broken failed: no money"
