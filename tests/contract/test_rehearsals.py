"""The contract of rehearsals (``dag.test()``, ``airflow dags test``, ``airflow tasks test``): they own no key."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import TakeTurn
from airflow_wfstate.domain.messages.step import BeginDecision, LinkChildRun
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import IfExists
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.exceptions import WorkflowNotFound
from tests.support.world import World


def _rehearsal(world: World, run_id: str | None = None) -> str:
    return world.rows.add_run("intake", run_id, triggered_by="TEST")


def _repeat(world: World, run_id: str) -> None:
    """Repeat a rehearsal of one logical date: Airflow deletes the run, and creates another with the same id."""
    world.rows.delete_run("intake", run_id)
    _rehearsal(world, run_id)


def test_a_rehearsal_leaves_the_key_to_the_first_real_run(world: World) -> None:
    key, run_id = world.unique("key"), _rehearsal(world)
    rehearsal, again = (world.start(run_id, key=key) for _ in range(2))
    world.step_done(run_id, "charge")

    real_run = world.rows.add_run("intake")
    real = world.start(real_run, key=key)

    assert (rehearsal.workflow.key, rehearsal.role) == (f"{key}~{run_id}", RunRole.OWNER)
    assert again == rehearsal
    assert (real.workflow.key, real.role, real.workflow.generation) == (key, RunRole.OWNER, 1)
    assert world.begin(real_run, "charge")[1].decision is BeginDecision.RUN


@pytest.mark.parametrize("if_exists", list(IfExists))
def test_a_rehearsal_takes_no_part_in_a_real_workflow(world: World, if_exists: IfExists) -> None:
    key = world.unique("key")
    real = world.start(key=key, participants=["intake"])
    before = world.journal(real.workflow.id)
    run_id = _rehearsal(world)

    rehearsal = world.start(run_id, key=key, input={"is": "other"}, if_exists=if_exists)

    assert (rehearsal.workflow.key, rehearsal.role) == (f"{key}~{run_id}", RunRole.OWNER)
    assert world.journal(real.workflow.id) == before


def test_a_temporary_run_of_airflow_tasks_test_is_a_rehearsal(world: World) -> None:
    key = world.unique("key")
    run_id = world.rows.add_run("intake", f"__airflow_temporary_run_{world.unique('now')}__", triggered_by="CLI")

    assert world.start(run_id, key=key).workflow.key == f"{key}~{run_id}"


@pytest.mark.parametrize("end", ["open", "succeeded", "cancelled"])
def test_a_rehearsal_that_is_repeated_under_its_id_does_everything_again(world: World, end: str) -> None:
    key, run_id = world.unique("key"), _rehearsal(world)
    first = world.start(run_id, key=key)
    world.step_done(run_id, "charge")
    if end == "succeeded":
        world.backend.complete_workflow(
            CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of(1))
        )
    elif end == "cancelled":
        world.backend.cancel_workflow(CancelWorkflow(first.workflow.id))
    before = world.journal(first.workflow.id)

    _repeat(world, run_id)
    second = world.start(run_id, key=key)
    assert world.begin(run_id, "charge")[1].decision is BeginDecision.RUN
    assert world.start(run_id, key=key) == second
    _repeat(world, run_id)
    third = world.start(run_id, key=key)

    assert [second.workflow.key, third.workflow.key] == [f"{key}~{run_id}~2", f"{key}~{run_id}~3"]
    assert {second.role, third.role} == {RunRole.OWNER}
    assert world.journal(first.workflow.id) == before


def test_a_step_before_its_start_belongs_to_no_earlier_rehearsal(world: World) -> None:
    run_id = _rehearsal(world)
    world.start(run_id, key=world.unique("key"))
    _repeat(world, run_id)

    with pytest.raises(WorkflowNotFound):
        world.backend.complete_workflow(
            CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of(1))
        )
    relay = world.rows.add_task("intake", run_id, "compensate")
    assert world.backend.take_turn(TakeTurn(relay, [])).workflow is None


@pytest.mark.parametrize("then", ["TEST", None])
def test_a_run_without_a_start_that_gets_the_id_of_a_rehearsal_does_everything_again(
    world: World, then: str | None
) -> None:
    run_id = _rehearsal(world)
    world.step_done(run_id, "charge")
    first = world.begin(run_id, "ship")[1].workflow
    world.rows.delete_run("intake", run_id)
    world.rows.add_run("intake", run_id, triggered_by=then)

    charged, shipped = world.begin(run_id, "charge")[1], world.begin(run_id, "ship")[1]

    assert (first.key, charged.workflow.key) == (run_id, f"{run_id}~2")
    assert shipped.workflow.id == charged.workflow.id
    assert [charged.decision, shipped.decision] == [BeginDecision.RUN] * 2


def test_a_child_of_a_rehearsal_that_starts_the_same_key_means_the_rehearsal(world: World) -> None:
    key, run_id, child_run = world.unique("key"), _rehearsal(world), world.unique("child")
    rehearsal = world.start(run_id, key=key)
    _, begun = world.begin(run_id, "fulfil")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child_run))
    world.rows.add_run("fulfilment", child_run)

    child = world.start(child_run, dag_id="fulfilment", key=key)

    assert (child.workflow.id, child.role) == (rehearsal.workflow.id, RunRole.CHILD)


def test_rehearsals_of_two_dags_under_one_run_id_are_two(world: World) -> None:
    key, run_id = world.unique("key"), _rehearsal(world)
    world.rows.add_run("other", run_id, triggered_by="TEST")

    one, two = world.start(run_id, key=key), world.start(run_id, key=key, dag_id="other")

    assert (one.role, two.role) == (RunRole.OWNER, RunRole.OWNER)
    assert two.workflow.key == f"{key}~{run_id}~2"


def test_the_longest_key_of_a_rehearsal_fits(world: World) -> None:
    key, run_id = world.unique("k").ljust(250, "k"), _rehearsal(world)

    started = world.start(run_id, key=key)

    assert len(started.workflow.key) == 250
    assert started.workflow.key.endswith(f"~{run_id}")
    assert world.start(run_id, key=key) == started


def test_a_step_that_the_rehearsal_before_did_not_have_does_not_join_it(world: World) -> None:
    run_id = _rehearsal(world)
    first = world.begin(run_id, "charge")[1].workflow
    _repeat(world, run_id)

    begun = world.begin(run_id, "validate")[1]

    assert (begun.decision, begun.workflow.key) == (BeginDecision.RUN, f"{run_id}~2")
    assert first.id != begun.workflow.id
