"""The contract of the density of mapped steps, and of what is reported about an attempt's process."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import update

from airflow_wfstate.exceptions import InvalidRequest, WorkflowNotFound
from airflow_wfstate.store.database import schema
from tests.support.world import World

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _item(world: World, run_id: str, item: str, began: float, ended: float | None, *, fails: bool = False) -> None:
    """Add an item of the step ``load`` that ran from one second to another."""
    _, begun = world.begin(run_id, "load", item_key=item)
    if ended is not None:
        (world.fail if fails else world.succeed)(begun)
    times = {"started_at": _at(began), "ended_at": None if ended is None else _at(ended)}
    with world.rows.engine.begin() as connection:
        connection.execute(update(schema.attempt).where(schema.attempt.c.step_id == begun.step_id).values(**times))


def test_it_counts_the_items_that_are_at_work_in_each_stretch_and_those_that_failed(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.step_done(run_id, "not_mapped")
    _item(world, run_id, "a", 0, 100)
    _item(world, run_id, "b", 1, 45)
    _item(world, run_id, "c", 55, 75, fails=True)

    (load,) = world.backend.read_density(workflow_id, 10).steps

    assert (load.participant, load.name, load.parent_step_id) == ("intake", "load", None)
    assert [
        abs((moment - wanted).total_seconds()) < 0.01
        for moment, wanted in ((load.since, _at(0)), (load.until, _at(100)))
    ] == [True, True]
    assert load.at_work == [2, 2, 2, 2, 2, 2, 2, 2, 1, 1]
    assert load.failed == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]


def test_an_item_at_work_lasts_until_now(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    _item(world, run_id, "a", 0, None)

    (load,) = world.backend.read_density(workflow_id, 4).steps

    assert load.at_work == [1, 1, 1, 1]
    assert load.until > datetime.now(timezone.utc) - timedelta(minutes=5)


def test_what_cannot_be_counted_is_refused(world: World) -> None:
    workflow_id = world.start().workflow.id

    assert world.backend.read_density(workflow_id).steps == []
    for buckets in (0, 501):
        with pytest.raises(InvalidRequest):
            world.backend.read_density(workflow_id, buckets)
    with pytest.raises(WorkflowNotFound):
        world.backend.read_density("0190b0a0-0000-7000-8000-000000000000")


def test_an_attempt_tells_its_worker_and_since_when_it_was_queued(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "load")
    queued = datetime.now(timezone.utc) - timedelta(seconds=30)
    table = TaskInstance.__table__
    with world.rows.engine.begin() as connection:
        of_run = (table.c.run_id == run_id, table.c.task_id.like("load%"))
        connection.execute(update(table).where(*of_run).values(hostname="worker-7", queued_dttm=queued))
    world.fail(begun)
    world.begin_as(world.rows.next_try(task), "load")

    (step,) = world.backend.list_steps(workflow_id).steps

    first, second = step.attempts
    assert (first.hostname, first.queued_at) == ("worker-7", queued), "from Airflow's history"
    assert (second.hostname, second.queued_at) == ("worker-7", queued)
    with world.rows.engine.begin() as connection:
        later = datetime.now(timezone.utc) + timedelta(seconds=30)
        connection.execute(update(table).where(*of_run).values(queued_dttm=later))
    (step,) = world.backend.list_steps(workflow_id).steps
    assert step.attempts[1].queued_at is None, "it was queued again since, after a wait"
