"""The contract of an attempt's writes: a repeat is recognised by its content, not only by its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.record import ReadRecords, SaveRecord
from airflow_wfstate.domain.messages.step import BegunStep, EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import WriteConflict
from tests.support.world import World


@dataclass(frozen=True)
class Write:
    """A write of an attempt, and others of its kind with different content."""

    send: Callable[[StateBackend, Any], object]
    request: Any
    others: list[Any]


def _checkpoint(begun: BegunStep) -> Write:
    wish = SaveCheckpoint(begun.attempt_key, 1, "row", Payload.of(1))
    others = [replace(wish, value=Payload.of(2)), replace(wish, name="column"), replace(wish, value=Payload.of("1"))]
    return Write(lambda backend, request: backend.save_checkpoint(request), wish, others)


def _record(begun: BegunStep) -> Write:
    wish = SaveRecord(begun.attempt_key, 1, "call", Payload.of(1))
    others = [replace(wish, value=Payload.of(2)), replace(wish, name="other"), replace(wish, is_error=True)]
    return Write(lambda backend, request: backend.save_record(request), wish, others)


def _child_run(begun: BegunStep) -> Write:
    wish = LinkChildRun(begun.attempt_key, 1, "fulfilment", f"child-{begun.step_id}")
    others = [replace(wish, run_id=f"other-{begun.step_id}"), replace(wish, dag_id="billing")]
    return Write(lambda backend, request: backend.link_child_run(request), wish, others)


def _success(begun: BegunStep) -> Write:
    wish = EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, Payload.of(1))
    others = [replace(wish, output=Payload.of(2)), EndAttempt(begun.attempt_key, 1, StepState.FAILED, error="broken")]
    return Write(lambda backend, request: backend.end_attempt(request), wish, others)


def _failure(begun: BegunStep) -> Write:
    wish = EndAttempt(begun.attempt_key, 1, StepState.FAILED, error="broken")
    others = [replace(wish, error="other"), EndAttempt(begun.attempt_key, 1, StepState.SKIPPED)]
    return Write(lambda backend, request: backend.end_attempt(request), wish, others)


WRITES: Final = {
    "checkpoint": _checkpoint,
    "record": _record,
    "child-run": _child_run,
    "success": _success,
    "failure": _failure,
}


@pytest.fixture
def begun(world: World) -> BegunStep:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return world.begin(run_id, "load")[1]


@pytest.fixture(params=WRITES)
def write(request: pytest.FixtureRequest, begun: BegunStep) -> Write:
    return WRITES[request.param](begun)


def test_sent_again_it_changes_nothing_and_gets_the_same_answer(world: World, begun: BegunStep, write: Write) -> None:
    answer = write.send(world.backend, write.request)
    before = _all(world, begun)

    assert write.send(world.backend, write.request) == answer
    assert _all(world, begun) == before


def test_another_write_of_the_same_number_is_refused_and_changes_nothing(
    world: World, begun: BegunStep, write: Write
) -> None:
    answer = write.send(world.backend, write.request)
    before = _all(world, begun)

    for other in write.others:
        with pytest.raises(WriteConflict, match="was already applied with other content"):
            write.send(world.backend, other)

    assert _all(world, begun) == before
    assert write.send(world.backend, write.request) == answer


def test_writes_of_two_kinds_are_never_taken_for_each_other(world: World, begun: BegunStep) -> None:
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "row", Payload.of(1)))

    with pytest.raises(WriteConflict):
        world.backend.save_record(SaveRecord(begun.attempt_key, 1, "row", Payload.of(1)))
    with pytest.raises(WriteConflict):
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, Payload.of(1)))


def test_a_write_that_comes_late_is_superseded_and_changes_nothing(world: World, begun: BegunStep) -> None:
    late = [
        SaveCheckpoint(begun.attempt_key, 1, "row", Payload.of(1)),
        SaveCheckpoint(begun.attempt_key, 2, "row", Payload.of(2)),
    ]
    for checkpoint in late:
        world.backend.save_checkpoint(checkpoint)
    with pytest.raises(WriteConflict, match="superseded"):
        world.backend.save_checkpoint(late[0])
    world.succeed(begun, "loaded", write=3)
    before = _all(world, begun)

    for checkpoint in late:
        with pytest.raises(WriteConflict, match="superseded"):
            world.backend.save_checkpoint(checkpoint)

    assert _all(world, begun) == before
    (step,) = world.backend.get_workflow(begun.workflow.id).steps
    assert (step.state, step.output) == (StepState.SUCCEEDED, Payload.of("loaded"))


def test_a_second_writer_does_not_take_the_success_from_the_first(world: World, begun: BegunStep) -> None:
    """A fork continued to count by itself: its checkpoints have taken the numbers that its parent is about to use."""
    for number in range(1, 4):
        world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, number, "epoch", Payload.of(number)))

    with pytest.raises(WriteConflict):  # and not: recorded, while nothing was
        world.succeed(begun, "model", write=1)

    world.succeed(begun, "model", write=4)
    assert world.backend.get_workflow(begun.workflow.id).steps[0].output == Payload.of("model")


def _all(world: World, begun: BegunStep) -> tuple[object, ...]:
    """Everything that is stored of the attempt's workflow."""
    return (
        world.backend.get_workflow(begun.workflow.id),
        world.journal(begun.workflow.id),
        world.backend.list_checkpoints(begun.workflow.id, begun.step_id),
        world.backend.read_records(ReadRecords(begun.attempt_key)),
    )
