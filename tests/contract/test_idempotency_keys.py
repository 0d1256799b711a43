"""The contract of ``idempotency_key``, which every write has."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier
from typing import Any, Final

import pytest

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn
from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.messages.sweep_report import StartSweep
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import IdempotencyConflict, InvalidName
from tests.support.saga import Saga
from tests.support.world import World


@dataclass(frozen=True)
class Write:
    """A write that changes something.

    :param request: the request, without a key.
    :param other: a request of the same kind with another valid body; None for a sweep, which has none.
    :param workflow_id: the workflow in whose journal it appears; None if it creates the workflow, or acts on all.
    """

    send: Callable[[StateBackend, Any], object]
    request: Any
    other: Any
    workflow_id: str | None = None


def _start(world: World) -> Write:
    run_id = world.rows.add_run("intake")
    wish = StartWorkflow(
        world.rows.add_task("intake", run_id, "start"), "order", world.unique("key"), Payload.of(1, sort_keys=True)
    )
    return Write(lambda backend, request: backend.start_workflow(request), wish, replace(wish, plan=["pack"]))


def _complete(world: World) -> Write:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    wish = CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of(1))
    other = replace(wish, output=Payload.of(2))
    return Write(lambda backend, request: backend.complete_workflow(request), wish, other, workflow.id)


def _begin(world: World) -> Write:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    wish = BeginStep(world.rows.add_task("intake", run_id, "pack"), "pack")
    other = replace(wish, name="wrap")
    return Write(lambda backend, request: backend.begin_step(request), wish, other, workflow.id)


def _attempt(world: World) -> tuple[str, str]:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    return workflow.id, world.begin(run_id, "pack")[1].attempt_key


def _checkpoint(world: World) -> Write:
    workflow_id, key = _attempt(world)
    wish = SaveCheckpoint(key, 1, "row", Payload.of(1))
    other = replace(wish, value=Payload.of(2))
    return Write(lambda backend, request: backend.save_checkpoint(request), wish, other, workflow_id)


def _record(world: World) -> Write:
    workflow_id, key = _attempt(world)
    wish = SaveRecord(key, 1, "call", Payload.of(1))
    other = replace(wish, value=Payload.of(2))
    return Write(lambda backend, request: backend.save_record(request), wish, other, workflow_id)


def _end(world: World) -> Write:
    workflow_id, key = _attempt(world)
    wish = EndAttempt(key, 1, StepState.SUCCEEDED, Payload.of(1))
    other = replace(wish, output=Payload.of(2))
    return Write(lambda backend, request: backend.end_attempt(request), wish, other, workflow_id)


def _child_run(world: World) -> Write:
    workflow_id, key = _attempt(world)
    wish = LinkChildRun(key, 1, "fulfilment", world.unique("child"))
    other = replace(wish, run_id=world.unique("child"))
    return Write(lambda backend, request: backend.link_child_run(request), wish, other, workflow_id)


def _turn(world: World) -> Write:
    saga = Saga.start(world)
    saga.done("one")
    saga.fail()
    wish = TakeTurn(saga.relay, [])
    other = replace(wish, leaf_task_ids=["one"])
    return Write(lambda backend, request: backend.take_turn(request), wish, other, saga.workflow_id)


def _end_compensation(world: World) -> Write:
    saga = Saga.start(world)
    saga.done("one")
    work = saga.fail().work
    assert work is not None
    wish = EndCompensation(work.compensation_key, succeeded=True)
    other = replace(wish, succeeded=False, error="no")
    return Write(lambda backend, request: backend.end_compensation(request), wish, other, saga.workflow_id)


def _running(world: World) -> str:
    saga = Saga.start(world)
    saga.done("one")
    return saga.workflow_id


def _cancel(world: World) -> Write:
    wish = CancelWorkflow(_running(world))
    other = replace(wish, reason="other")
    return Write(lambda backend, request: backend.cancel_workflow(request), wish, other, wish.workflow_id)


def _compensate(world: World) -> Write:
    wish = CompensateWorkflow(_running(world))
    other = replace(wish, reason="other")
    return Write(lambda backend, request: backend.compensate_workflow(request), wish, other, wish.workflow_id)


def _decide(world: World) -> Write:
    saga = Saga.start(world)
    saga.done("one")
    saga.undo(saga.fail(), fails=["one"])
    wish = DecideCompensation(saga.workflow_id, "one", Decision.DONE, "by hand")
    other = replace(wish, reason="other")
    return Write(lambda backend, request: backend.decide_compensation(request), wish, other, saga.workflow_id)


def _resume(world: World) -> Write:
    wish = ResumeWorkflow(_running(world))
    other = replace(wish, reason="other")
    return Write(lambda backend, request: backend.resume_workflow(request), wish, other, wish.workflow_id)


def _sweep(world: World) -> Write:
    wish = StartSweep()
    return Write(_sweep_until_swept, wish, None)


def _sweep_until_swept(backend: StateBackend, request: StartSweep) -> object:
    """Repeat the request, because another sweep may be running; that answer is not remembered."""
    report = backend.sweep(request)
    while not report.swept:
        report = backend.sweep(request)
    return report


WRITES: Final = {
    "start": _start,
    "complete": _complete,
    "begin": _begin,
    "checkpoint": _checkpoint,
    "record": _record,
    "end": _end,
    "child-run": _child_run,
    "turn": _turn,
    "end-compensation": _end_compensation,
    "cancel": _cancel,
    "compensate": _compensate,
    "decide": _decide,
    "resume": _resume,
    "sweep": _sweep,
}


@pytest.fixture(params=WRITES)
def write(request: pytest.FixtureRequest, world: World) -> Write:
    return WRITES[request.param](world)


def _keyed(world: World, wish: Any) -> Any:
    return replace(wish, idempotency_key=world.unique("key"))


def test_sent_again_it_changes_nothing_and_another_body_is_refused(world: World, write: Write) -> None:
    wish = _keyed(world, write.request)
    first = write.send(world.backend, wish)
    told = None if write.workflow_id is None else world.told(write.workflow_id)

    assert write.send(world.backend, wish) == first
    if write.other is not None:
        with pytest.raises(IdempotencyConflict, match="already used with another request"):
            write.send(world.backend, replace(write.other, idempotency_key=wish.idempotency_key))
    if write.workflow_id is not None:
        assert world.told(write.workflow_id) == told


def test_a_key_that_is_none_is_refused(world: World, write: Write) -> None:
    told = None if write.workflow_id is None else world.told(write.workflow_id)

    for key in ("", "k" * 501, "a\nb", "a\x7fb"):
        with pytest.raises(InvalidName, match=r"The idempotency key .* is not valid"):
            write.send(world.backend, replace(write.request, idempotency_key=key))

    if write.workflow_id is not None:
        assert world.told(write.workflow_id) == told


def test_sent_twice_at_once_it_is_carried_out_once_and_both_get_the_answer(world: World, write: Write) -> None:
    wish, both = _keyed(world, write.request), Barrier(2)

    def send() -> object:
        both.wait(30)
        return write.send(world.backend, wish)

    with ThreadPoolExecutor(2) as pool:
        first, second = (future.result() for future in [pool.submit(send), pool.submit(send)])

    assert first == second
    assert write.send(world.backend, wish) == first


def test_a_key_that_is_used_at_once_for_several_workflows_serves_one(world: World) -> None:
    key, count = world.unique("key"), 4
    wishes = [CancelWorkflow(_running(world), idempotency_key=key) for _ in range(count)]
    all_of_them = Barrier(count)

    def cancel(wish: CancelWorkflow) -> bool:
        all_of_them.wait(30)
        try:
            return world.backend.cancel_workflow(wish).changed
        except IdempotencyConflict:
            return False

    with ThreadPoolExecutor(count) as pool:
        changed = list(pool.map(cancel, wishes))

    states = [world.state(wish.workflow_id) for wish in wishes]
    assert sorted(changed) == [False] * (count - 1) + [True]
    assert [state is WorkflowState.CANCELLED for state in states] == changed


def test_a_key_is_good_for_one_kind_of_request_and_one_caller(world: World) -> None:
    mine, key = _attempt(world)[1], world.unique("key")
    theirs = _attempt(world)[1]
    world.backend.save_checkpoint(SaveCheckpoint(mine, 1, "row", Payload.of("mine"), idempotency_key=key))

    with pytest.raises(IdempotencyConflict):  # the same fields, another question
        world.backend.save_record(SaveRecord(mine, 1, "row", Payload.of("mine"), idempotency_key=key))
    with pytest.raises(IdempotencyConflict):
        world.backend.save_checkpoint(SaveCheckpoint(theirs, 1, "row", Payload.of("mine"), idempotency_key=key))


def test_an_answer_without_a_change_stays_the_answer(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    wish = ResumeWorkflow(saga.workflow_id, idempotency_key=world.unique("key"))
    first = world.backend.resume_workflow(wish)
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))

    assert not first.changed
    assert world.backend.resume_workflow(wish) == first


def test_who_waits_asks_again_with_the_same_key(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    holder, begun = world.begin(run_id, "pack")
    task = world.rows.add_task("intake", run_id, "pack again")
    waiter = BeginStep(task, "pack", sole_task=True, idempotency_key=world.unique("key"))
    busy = world.backend.begin_step(waiter)
    world.succeed(begun, "packed")
    world.rows.set_task_state(holder, "success")

    answered = world.backend.begin_step(waiter)

    assert (busy.decision, answered.decision) == (BeginDecision.BUSY, BeginDecision.ANSWERED)


def test_a_refusal_is_not_remembered(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    wish = DecideCompensation(saga.workflow_id, "one", Decision.DONE, "by hand", idempotency_key=world.unique("key"))
    with pytest.raises(Exception, match="none of its compensations needs a decision"):
        world.backend.decide_compensation(wish)
    saga.undo(saga.fail(), fails=["one"])

    assert world.backend.decide_compensation(wish).step.endswith("one")
