"""The contract of ``StateBackend.link_child_run``."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.step import BeginDecision, LinkChildRun
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.exceptions import InvalidName, StaleAttempt, WorkflowExists
from tests.support.world import World


def test_a_child_linked_before_it_exists_joins_the_workflow(world: World) -> None:
    run_id, child_run = world.rows.add_run("intake"), world.unique("child")
    started = world.start(run_id)
    _, begun = world.begin(run_id, "fulfil")
    link = LinkChildRun(begun.attempt_key, 1, "fulfilment", child_run)
    answer = world.backend.link_child_run(link)
    before = world.journal(started.workflow.id)

    assert world.backend.link_child_run(link) == answer
    assert world.journal(started.workflow.id) == before
    runs = world.backend.get_workflow(started.workflow.id).runs
    assert [(run.role, run.state) for run in runs] == [(RunRole.OWNER, "running"), (RunRole.CHILD, None)]
    world.rows.add_run("fulfilment", child_run)
    _, pack = world.begin(child_run, "pack", dag_id="fulfilment")
    assert pack.decision is BeginDecision.RUN
    assert pack.workflow.id == started.workflow.id
    assert pack.workflow.correlation_id == started.workflow.correlation_id


def test_a_retry_links_the_same_child_without_a_gap_in_the_journal(world: World) -> None:
    run_id, child_run = world.rows.add_run("intake"), world.unique("child")
    started = world.start(run_id)
    task, first = world.begin(run_id, "fulfil")
    world.backend.link_child_run(LinkChildRun(first.attempt_key, 1, "fulfilment", child_run))
    second = world.begin_as(world.rows.next_try(task), "fulfil")

    world.backend.link_child_run(LinkChildRun(second.attempt_key, 1, "fulfilment", child_run))
    world.succeed(second, write=2)

    numbers = [entry.number for entry in world.journal(started.workflow.id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert world.told(started.workflow.id).count("run.linked") == 2
    with pytest.raises(StaleAttempt):
        world.backend.link_child_run(LinkChildRun(first.attempt_key, 5, "fulfilment", "another"))


def test_a_run_of_another_open_workflow_cannot_be_linked(world: World) -> None:
    taken = world.rows.add_run("fulfilment")
    world.start(taken, dag_id="fulfilment")
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    _, begun = world.begin(run_id, "fulfil")

    with pytest.raises(WorkflowExists, match="belongs to workflow"):
        world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", taken))


def test_names_that_are_none_are_refused(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    _, begun = world.begin(run_id, "fulfil")

    with pytest.raises(InvalidName):
        world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", "r" * 251))


def test_a_child_that_was_cleared_long_ago_and_starts_late_is_not_the_child_of_the_next_round(world: World) -> None:
    """Its clear came before the round ended. That it has only now started, because of a limit of runs, is no clear."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "fulfil")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.rows.add_run("fulfilment", child)
    world.rows.count_clear("fulfilment", child)
    world.succeed(begun, write=2)
    world.rows.set_task_state(task, "success")
    world.rows.start_run_now("fulfilment", child)
    again = world.begin_as(world.rows.next_try(task, state="success"), "fulfil")

    linked = world.backend.link_child_run(LinkChildRun(again.attempt_key, 1, "fulfilment", world.unique("next")))

    assert linked.run_id != child


def test_a_child_that_was_cleared_since_its_round_ended_is_the_child_of_the_next_one(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "fulfil")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.rows.add_run("fulfilment", child)
    world.succeed(begun, write=2)
    world.rows.set_task_state(task, "success")
    world.rows.count_clear("fulfilment", child)
    again = world.begin_as(world.rows.next_try(task, state="success"), "fulfil")

    linked = world.backend.link_child_run(LinkChildRun(again.attempt_key, 1, "fulfilment", world.unique("next")))

    assert linked.run_id == child
