"""A resume after Airflow has lost the return values of tasks (``airflow db clean``): the plan says so."""

from __future__ import annotations

from tests.support.shop import FULFILMENT, failed_order
from tests.support.world import World


def test_the_plan_names_the_steps_whose_return_value_is_gone(world: World) -> None:
    order = failed_order(world, packed={"parcel": 7})
    before = world.backend.plan_resume(order.workflow_id)
    world.rows.delete_return_values(FULFILMENT)

    plan = world.backend.plan_resume(order.workflow_id)

    (note,) = set(plan.notes) - set(before.notes)
    assert f"no longer has the return value of {FULFILMENT}.pack " in note
    assert plan.tasks == before.tasks, "it is not done again"


def test_a_step_that_returned_nothing_has_lost_nothing(world: World) -> None:
    order = failed_order(world)
    before = world.backend.plan_resume(order.workflow_id)
    world.rows.delete_return_values(FULFILMENT)
    assert world.backend.plan_resume(order.workflow_id) == before
