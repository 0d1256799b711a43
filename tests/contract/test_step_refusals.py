"""The contract of meaningless requests about steps: they are refused, and change nothing."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.step import EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import (
    InvalidAttemptKey,
    InvalidName,
    InvalidRequest,
    PayloadTooLarge,
    TaskInstanceNotFound,
)
from tests.support.world import World


@pytest.fixture
def run_id(world: World) -> str:
    """A run that has started a workflow."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return run_id


@pytest.mark.parametrize("name", ["", "n" * 251, "a\nb", "\ud800"])
def test_names_that_are_none_are_refused(world: World, run_id: str, name: str) -> None:
    task_instance_id = world.rows.add_task("intake", run_id, "nameless")

    with pytest.raises(InvalidName):
        world.begin_as(task_instance_id, name)


def test_a_task_that_does_not_run_cannot_begin(world: World, run_id: str) -> None:
    task_instance_id = world.rows.add_task("intake", run_id, "over", state="failed")

    with pytest.raises(TaskInstanceNotFound, match="is failed, not running"):
        world.begin_as(task_instance_id, "over")


def test_an_output_over_the_limit_is_refused(world: World, run_id: str) -> None:
    _, begun = world.begin(run_id, "produce")
    before = world.journal(begun.workflow.id)

    with pytest.raises(PayloadTooLarge, match="max_payload_bytes"):
        world.succeed(begun, "x" * 1_100_000)

    assert world.journal(begun.workflow.id) == before
    world.fail(begun, "the output was too large")


@pytest.mark.parametrize(
    "ending",
    [
        {"state": StepState.SUCCEEDED},
        {"state": StepState.SUCCEEDED, "output": Payload.of(1), "error": "both"},
        {"state": StepState.FAILED},
        {"state": StepState.LOST},
        {"state": StepState.SKIPPED, "output": Payload.of(1)},
    ],
)
def test_an_end_that_makes_no_sense_is_refused(world: World, run_id: str, ending: dict[str, object]) -> None:
    _, begun = world.begin(run_id, "produce")

    with pytest.raises(InvalidRequest):
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, **ending))  # type: ignore[arg-type]  # as above

    assert world.backend.get_workflow(begun.workflow.id).steps[0].state is StepState.RUNNING


def test_a_forged_key_is_refused(world: World, run_id: str) -> None:
    _, begun = world.begin(run_id, "produce")
    forged = begun.attempt_key[:-1] + ("0" if begun.attempt_key[-1] != "0" else "1")

    for key in (forged, "", "nonsense", begun.attempt_key.replace(".1.1.", ".2.1."), "v1." + "x" * 5000):
        with pytest.raises((InvalidAttemptKey, InvalidName)):
            world.backend.end_attempt(EndAttempt(key, 1, StepState.SKIPPED))
        with pytest.raises((InvalidAttemptKey, InvalidName)):
            world.backend.save_checkpoint(SaveCheckpoint(key, 1, "row", Payload.of(1)))
    assert world.backend.get_workflow(begun.workflow.id).steps[0].state is StepState.RUNNING
