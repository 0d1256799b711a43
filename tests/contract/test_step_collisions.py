"""The contract of collisions: two tasks of a run, or two items of a task, are never one step."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, BegunStep, OnClear
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import InvalidRequest, StepCollision
from tests.support.world import World

HOTEL, AIRLINE = "a" * 64, "b" * 64
"""Hashes of the arguments of two items."""


@pytest.fixture
def run_id(world: World) -> str:
    """A run that has started a workflow."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return run_id


def _item(world: World, run_id: str, map_index: int) -> str:
    return world.rows.add_task("intake", run_id, "pay", map_index=map_index)


def _pay(world: World, task: str, arguments_sha256: str | None = HOTEL, *, on_clear: str = "rerun") -> BegunStep:
    return world.backend.begin_step(
        BeginStep(task, "pay", item_key="same", arguments_sha256=arguments_sha256, on_clear=OnClear(on_clear))
    )


@pytest.mark.parametrize("ending", ["at work", "succeeded", "failed"])
def test_a_step_that_another_task_of_the_run_began_is_refused_with_both_task_ids(
    world: World, run_id: str, ending: str
) -> None:
    hotel = world.rows.add_task("intake", run_id, "pay_hotel")
    begun = world.begin_as(hotel, "pay", sole_task=False)
    if ending == "succeeded":
        world.succeed(begun, "paid hotel")
        world.rows.set_task_state(hotel, "success")
    if ending == "failed":
        world.fail(begun)
        world.rows.set_task_state(hotel, "failed")
    told = world.told(begun.workflow.id)

    airline = world.rows.add_task("intake", run_id, "pay_airline")
    with pytest.raises(StepCollision, match=r"Tasks pay_hotel and pay_airline of run .* both do step intake\.pay") as e:
        world.begin_as(airline, "pay", sole_task=False)

    assert "name=" in e.value.remedy
    assert world.told(begun.workflow.id) == told


def test_a_task_that_was_renamed_finds_its_step(world: World, run_id: str) -> None:
    before = world.rows.add_task("intake", run_id, "pay_v1")
    world.succeed(world.begin_as(before, "pay"), "paid")
    world.rows.set_task_state(before, "success")

    now = world.begin_as(world.rows.add_task("intake", run_id, "pay_v2"), "pay", sole_task=True)

    assert (now.decision, now.output) == (BeginDecision.ANSWERED, Payload.of("paid"))


def test_a_task_of_another_run_that_does_the_step_is_no_collision(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    world.start(run_id, key=key)
    world.step_done(run_id, "pay", "paid")
    guest = world.rows.add_run("intake")
    world.start(guest, key=key)

    answered = world.begin_as(world.rows.add_task("intake", guest, "pay_again"), "pay", sole_task=False)

    assert answered.output == Payload.of("paid")


@pytest.mark.parametrize("arguments_sha256", [HOTEL, AIRLINE, None])
def test_two_items_of_a_list_with_one_key_are_refused_though_they_be_equal(
    world: World, run_id: str, arguments_sha256: str | None
) -> None:
    first = _item(world, run_id, 0)
    begun = _pay(world, first)
    world.succeed(begun, "paid")
    world.rows.set_task_state(first, "success")

    with pytest.raises(StepCollision, match=r"pay\[0\] and .*pay\[1\] both do step intake\.pay\[same\]") as refused:
        _pay(world, _item(world, run_id, 1), arguments_sha256)

    assert "item_key" in refused.value.remedy


def test_an_item_is_refused_while_another_with_its_key_is_at_work(world: World, run_id: str) -> None:
    _pay(world, _item(world, run_id, 0))

    with pytest.raises(StepCollision):
        _pay(world, _item(world, run_id, 1), AIRLINE)


def test_an_item_that_moved_finds_its_step(world: World, run_id: str) -> None:
    """The list was created again, with a new item before it; the task instance that did the step is gone."""
    first = _item(world, run_id, 0)
    world.succeed(_pay(world, first), "paid")
    world.rows.delete_task(first)

    answered = _pay(world, _item(world, run_id, 1))

    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of("paid"))


def test_an_item_that_moved_goes_on_with_what_it_had_not_finished(world: World, run_id: str) -> None:
    first = _item(world, run_id, 0)
    begun = _pay(world, first)
    world.fail(begun)
    world.rows.delete_task(first)

    again = _pay(world, _item(world, run_id, 1))

    assert (again.decision, again.attempt, again.idempotency_key) == (BeginDecision.RUN, 2, begun.idempotency_key)


@pytest.mark.parametrize("ending", ["succeeded", "failed"])
def test_another_item_with_the_key_of_one_that_is_gone_is_not_that_item(world: World, run_id: str, ending: str) -> None:
    first = _item(world, run_id, 0)
    begun = _pay(world, first)
    if ending == "succeeded":
        world.succeed(begun, "paid hotel")
    else:
        world.fail(begun)
    world.rows.delete_task(first)

    with pytest.raises(StepCollision, match="with other arguments, before the list was expanded again"):
        _pay(world, _item(world, run_id, 1), AIRLINE)


def test_a_rerun_by_a_clear_takes_what_arguments_its_item_has_now(world: World, run_id: str) -> None:
    """Cleared by hand with its list: the item is in another position, and costs more."""
    tasks = [_item(world, run_id, index) for index in range(2)]
    world.succeed(_pay(world, tasks[0]), "paid hotel")
    world.rows.set_task_state(tasks[1], "success")
    cleared = [world.rows.next_try(task, state="success") for task in tasks]

    again = _pay(world, cleared[1], AIRLINE)

    assert (again.decision, again.round) == (BeginDecision.RUN, 2)
    with pytest.raises(StepCollision):
        _pay(world, cleared[0], HOTEL)


def test_a_retry_of_an_item_is_that_item_whatever_its_arguments_are_now(world: World, run_id: str) -> None:
    task = _item(world, run_id, 0)
    world.fail(_pay(world, task))

    again = _pay(world, world.rows.next_try(task), AIRLINE)

    assert (again.decision, again.attempt) == (BeginDecision.RUN, 2)


def test_an_item_that_goes_on_after_a_deferral_is_itself(world: World, run_id: str) -> None:
    task = _item(world, run_id, 3)
    begun = _pay(world, task)

    assert _pay(world, task) == begun


def test_items_of_a_guest_run_are_those_of_the_owner(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    world.start(run_id, key=key)
    world.succeed(_pay(world, _item(world, run_id, 0)), "paid")
    guest = world.rows.add_run("intake")
    world.start(guest, key=key)

    answered = _pay(world, _item(world, guest, 5), AIRLINE)

    assert answered.output == Payload.of("paid")


def test_a_hash_that_is_none_is_refused(world: World, run_id: str) -> None:
    with pytest.raises(InvalidRequest, match="64 hexadecimal digits"):
        _pay(world, _item(world, run_id, 0), "not a hash")
