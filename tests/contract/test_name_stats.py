"""The contract of the statistics of one name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import update

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.reading.name_stats import bucket_seconds
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from tests.support.saga import Saga
from tests.support.world import World

_workflow, _attempt = schema.workflow, schema.attempt


def _took(world: World, workflow_id: str, seconds: float) -> None:
    """Set a workflow as succeeded after this time, with each of its attempts taking half of it."""
    with world.rows.engine.begin() as connection:
        started = connection.execute(_workflow.select().where(_workflow.c.id == workflow_id)).one().started_at
        ended = started + timedelta(seconds=seconds)
        connection.execute(
            update(_workflow)
            .where(_workflow.c.id == workflow_id)
            .values(state="succeeded", forward_ended_at=ended, ended_at=ended)
        )
        steps = connection.execute(schema.step.select().where(schema.step.c.workflow_id == workflow_id)).all()
        half = started + timedelta(seconds=seconds / 2)
        for step in steps:
            connection.execute(
                update(_attempt).where(_attempt.c.step_id == step.id).values(started_at=started, ended_at=half)
            )


def test_counts_durations_errors_and_versions_of_a_name(world: World) -> None:
    name = world.unique("eu/order")
    for number, seconds in enumerate((10, 20, 30, 40)):
        run_id = world.rows.add_run("intake")
        workflow_id = world.start(run_id, name=name, plan=["pay"] if number < 3 else ["pay", "ship"]).workflow.id
        world.step_done(run_id, "pay")
        _took(world, workflow_id, seconds)
    world.start(name=name, plan=["pay", "ship"])
    for order in ("order 17", "order 4711"):
        saga = Saga.start(world, name=name)
        saga.done("reserve")
        saga.undo(saga.fail(error=f"no money for {order}"))

    stats = world.backend.read_name_stats(WorkflowQuery(name=name))

    assert (stats.name, stats.workflows, stats.counted_since) == (name, 7, None)
    assert {state.value: count for state, count in stats.by_state.items() if count} == {
        "succeeded": 4,
        "running": 1,
        "compensated": 2,
    }
    assert stats.failure_rate == pytest.approx(2 / 6)
    assert stats.bucket_seconds == 10_800
    assert sum(sum(bucket.by_state.values()) for bucket in stats.buckets) == 7
    assert stats.duration is not None
    assert (stats.duration.count, stats.duration.p50, stats.duration.longest) == (4, 25, 40)
    assert stats.duration.p95 == pytest.approx(38.5)  # as percentile_cont(0.95) of 10, 20, 30, 40
    bars = [(bar.from_seconds, bar.to_seconds, bar.workflows) for bar in stats.histogram]
    assert bars == [(10, 20, 1), (20, 30, 1), (30, 60, 2)]
    pay = next(step for step in stats.steps if step.step == "intake.pay")
    assert (pay.failed, pay.seconds.count, pay.seconds.p50) == (0, 4, 12.5)
    assert not stats.steps_cut
    (error,) = stats.errors
    assert (error.workflows, error.shared_text) == (2, "Step breaks failed: no money for order")
    assert "no money for order" in error.error
    assert error.newest_workflow_id == saga.workflow_id
    versions = {version.planned_steps: (version.workflows, version.unsuccessful) for version in stats.versions}
    assert versions == {1: (3, 0), 2: (2, 0), 0: (2, 2)}


def test_a_name_of_which_there_is_nothing(world: World) -> None:
    stats = world.backend.read_name_stats(WorkflowQuery(name=world.unique("name")))
    assert (stats.workflows, stats.failure_rate, stats.duration, stats.histogram) == (0, None, None, [])
    assert (stats.buckets, stats.steps, stats.errors, stats.versions) == ([], [], [], [])
    assert stats.until - stats.since == timedelta(days=7)


def test_a_cancelled_and_a_running_one_have_no_result(world: World) -> None:
    name = world.unique("name")
    world.start(name=name)
    world.backend.cancel_workflow(CancelWorkflow(world.start(name=name).workflow.id))
    stats = world.backend.read_name_stats(WorkflowQuery(name=name))
    assert (stats.by_state[WorkflowState.CANCELLED], stats.workflows, stats.failure_rate) == (1, 2, None)


def test_only_the_window_and_what_may_be_read_is_counted(world: World) -> None:
    name, now = world.unique("name"), datetime.now(timezone.utc)
    world.start(name=name)
    window = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    assert world.backend.read_name_stats(WorkflowQuery(name=name, **window)).workflows == 1
    earlier = {"since": now - timedelta(hours=2), "until": now - timedelta(hours=1)}
    assert world.backend.read_name_stats(WorkflowQuery(name=name, **earlier)).workflows == 0
    other = WorkflowQuery(name=name, readable_dag_ids=frozenset({"another_dag"}))
    assert world.backend.read_name_stats(other).workflows == 0


def test_what_cannot_be_counted_is_refused(world: World) -> None:
    now = datetime.now(timezone.utc)
    for query in (
        WorkflowQuery(),
        WorkflowQuery(name="order", since=now, until=now),
        WorkflowQuery(name="order", since=now + timedelta(days=1)),
    ):
        with pytest.raises(InvalidRequest):
            world.backend.read_name_stats(query)


@pytest.mark.parametrize(
    ("window", "length"), [({"hours": 1}, 60), ({"days": 1}, 1800), ({"days": 7}, 10_800), ({"days": 9000}, 31_536_000)]
)
def test_a_chart_has_a_bounded_number_of_stretches(window: dict[str, int], length: int) -> None:
    assert bucket_seconds(timedelta(**window)) == length
