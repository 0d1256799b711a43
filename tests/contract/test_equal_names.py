"""Steps whose full names are or could be equal, because both DAG ids and step names may contain dots."""

from __future__ import annotations

import re

import pytest

from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.exceptions import InvalidName, InvalidRequest
from tests.support.saga import Saga
from tests.support.world import World

UNDO = CompensationDeclaration("task:pack", max_attempts=1)


def test_a_step_name_with_brackets_is_refused_and_nothing_is_stored(world: World) -> None:
    saga = Saga.start(world)
    task = world.rows.add_task("intake", saga.run_id, "m")
    before = world.journal(saga.workflow_id)

    with pytest.raises(InvalidName, match=re.escape("was=['m[x]']")):
        world.backend.begin_step(BeginStep(task, "m[x]"))

    assert world.journal(saga.workflow_id) == before
    renamed = world.backend.begin_step(BeginStep(task, "m_x", was=["m[x]"]))
    assert renamed.attempt == 1


def _packed_twice(world: World) -> Saga:
    """A workflow in which step ``eu.pack`` of DAG ``intake`` and step ``pack`` of DAG ``intake.eu`` are done."""
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    task, trigger = world.begin(saga.run_id, "call")
    child_run = world.child(trigger, "intake.eu")
    in_child, packed = world.begin(child_run, "pack", dag_id="intake.eu", compensation=UNDO)
    world.succeed(packed)
    world.rows.set_task_state(in_child, "success")
    world.rows.set_run_state("intake.eu", child_run, "success")
    world.succeed(trigger, {"state": "success"}, write=2)
    world.rows.set_task_state(task, "success")
    saga.done("eu.pack")
    return saga


def test_a_restart_from_one_of_them_asks_for_its_id(world: World) -> None:
    saga = _packed_twice(world)
    complete = world.rows.add_task("intake", saga.run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None)))

    with pytest.raises(InvalidRequest, match=r"one of them in full: .* or .*"):
        world.backend.plan_resume(saga.workflow_id, "intake.eu.pack")


def test_steps_that_are_called_the_same_are_named_by_their_ids(world: World) -> None:
    saga = _packed_twice(world)
    saga.undo(saga.fail(), fails=["eu.pack"])
    ids = {step.name: step.id for step in saga.detail().steps}

    def decide(step: str) -> DecideCompensation:
        return DecideCompensation(saga.workflow_id, step, Decision.SKIP, "I looked", actor="cli:ada")

    with pytest.raises(InvalidRequest, match=r"by its id \(.* or .*\)") as refused:
        world.backend.decide_compensation(decide("intake.eu.pack"))

    assert all(ids[name] in str(refused.value) for name in ("pack", "eu.pack"))
    decided = world.backend.decide_compensation(decide(ids["eu.pack"]))
    assert decided.step == "intake.eu.pack"
    states = {step.id: step.compensations[-1].state.value for step in saga.detail().steps if step.compensations}
    assert states == {ids["pack"]: "armed", ids["eu.pack"]: "skipped"}
