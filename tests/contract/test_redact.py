"""The contract of ``redact``: users see masks, while steps and their undos get the values."""

from __future__ import annotations

import json

import pytest

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import InvalidRequest
from tests.support.saga import Saga
from tests.support.world import World

CARD: JsonValue = {"id": 7, "card": {"card_number": "4111", "holder": "Ada"}}
SHOWN: JsonValue = {"id": 7, "card": {"card_number": "***", "holder": "Ada"}}


def _begin(world: World, run_id: str, *, redact: list[str]) -> tuple[str, str]:
    """Begin a step ``pay``, and return the task instance and the attempt key."""
    task = world.rows.add_task("intake", run_id, world.unique("pay"))
    begun = world.backend.begin_step(
        BeginStep(
            task,
            "pay",
            redact=redact,
            compensation=CompensationDeclaration("task:pay"),
            relay_task_id="compensate",
            sole_task=True,
        )
    )
    return task, begun.attempt_key


def test_people_see_masks_in_outputs_and_checkpoints(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    _, key = _begin(world, run_id, redact=["card_number"])
    world.backend.save_checkpoint(SaveCheckpoint(key, 1, "card_number", Payload.of("4111")))
    world.backend.save_checkpoint(SaveCheckpoint(key, 2, "order", Payload.of(CARD)))
    world.backend.end_attempt(EndAttempt(key, 3, StepState.SUCCEEDED, output=Payload.of(CARD)))

    (listed,) = world.backend.get_workflow(workflow_id).steps
    step = world.backend.get_step(workflow_id, listed.id)
    assert step.output is not None
    assert step.output.is_masked
    assert step.output.value() == SHOWN
    assert (step.output_size, step.output_sha256) == (Payload.of(CARD).size, Payload.of(CARD).sha256)
    checkpoints = world.backend.list_checkpoints(workflow_id, step.id).checkpoints
    assert {one.name: one.value.value() for one in checkpoints if one.value} == {"card_number": "***", "order": SHOWN}
    plan = world.backend.plan_compensate(workflow_id)
    # An output in a file, as in the sealed database, stays unopened in a plan.
    assert all(item.output.value() == SHOWN for item in plan.undone if item.output)
    everything = [world.backend.get_workflow(workflow_id), step, checkpoints, plan, world.journal(workflow_id)]
    assert "4111" not in repr(everything)


def test_steps_and_undos_are_given_the_values(world: World) -> None:
    saga = Saga.start(world)
    task, key = _begin(world, saga.run_id, redact=["card_number"])
    world.backend.save_checkpoint(SaveCheckpoint(key, 1, "order", Payload.of(CARD)))
    again = world.backend.begin_step(BeginStep(task, "pay", redact=["card_number"]))
    assert again.checkpoints == {"order": Payload.of(CARD)}
    world.backend.end_attempt(EndAttempt(key, 2, StepState.SUCCEEDED, output=Payload.of(CARD)))
    world.rows.set_task_state(task, "success")
    _, answered = world.begin(saga.run_id, "pay")
    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of(CARD))

    turn = saga.fail()
    assert turn.work is not None
    assert turn.work.output == Payload.of(CARD)


def test_the_next_begin_brings_its_own_redaction(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, key = _begin(world, run_id, redact=[])
    world.backend.end_attempt(EndAttempt(key, 1, StepState.FAILED, error="broken"))
    world.rows.set_task_state(task, "failed")
    _, key = _begin(world, run_id, redact=["$.card"])
    world.backend.end_attempt(EndAttempt(key, 1, StepState.SUCCEEDED, output=Payload.of(CARD)))
    (listed,) = world.backend.get_workflow(workflow_id).steps
    output = world.backend.get_step(workflow_id, listed.id).output
    assert output is not None
    assert output.value() == {"id": 7, "card": "***"}


def test_the_input_of_a_workflow_is_masked_as_its_start_says(world: World) -> None:
    run_id = world.rows.add_run("intake")
    start = world.rows.add_task("intake", run_id, "start")
    request = StartWorkflow(
        start, "order", world.unique("key"), Payload.of(CARD, sort_keys=True), redact=["card_number"]
    )
    detail = world.backend.get_workflow(world.backend.start_workflow(request).workflow.id)
    assert detail.input is not None
    assert detail.input.value() == SHOWN


def test_values_of_sensitive_names_are_masked_without_redact(world: World) -> None:
    workflow_id = world.start(input={"password": "p4ss", "user": "ada"}).workflow.id
    shown = world.backend.get_workflow(workflow_id).input
    assert shown is not None
    assert json.loads(shown.text) == {"password": "***", "user": "ada"}


@pytest.mark.parametrize("redact", [["a b"], ["$.a[?@.b]"], ["x" * 251], ["a"] * 21])
def test_a_path_that_is_none_is_refused_and_nothing_begins(world: World, redact: list[str]) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    with pytest.raises(InvalidRequest, match="redact"):
        _begin(world, run_id, redact=redact)
    assert not world.backend.get_workflow(workflow_id).steps
