"""The contract of ``StateBackend.start_workflow`` for a key that was started before: every possible case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, EndCompensation, TakeTurn
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartedWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy, IfExists
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import (
    AccessDenied,
    TaskInstanceNotFound,
    WorkflowClosed,
    WorkflowStateError,
)
from tests.support.world import World

STATES: Final = ("running", "failed", "compensating", "compensation_failed", "succeeded", "compensated", "cancelled")

EXPECTED: Final[dict[tuple[str, str], dict[str, tuple[str, str]]]] = {
    # (state, whose run starts): input: the result of attach, reject and terminate alike, or of each
    ("running", "own"): {"same": ("owner", "running"), "other": ("owner", "running")},
    ("failed", "own"): {"same": ("owner", "failed"), "other": ("owner", "failed")},
    # Its own relay has to undo what it did, and runs last, so it cannot wait for itself.
    ("compensating", "own"): {"same": ("WorkflowClosed", "compensating"), "other": ("WorkflowClosed", "compensating")},
    ("compensation_failed", "own"): {
        "same": ("WorkflowClosed", "compensation_failed"),
        "other": ("WorkflowClosed", "compensation_failed"),
    },
    ("succeeded", "own"): {"same": ("owner", "succeeded"), "other": ("owner", "succeeded")},
    ("compensated", "own"): {"same": ("next", "compensated"), "other": ("next", "compensated")},
    ("cancelled", "own"): {"same": ("next", "cancelled"), "other": ("next", "cancelled")},
    ("running", "another"): {
        "attach same": ("guest", "running"),
        "reject same": ("WorkflowExists", "running"),
        "other": ("InputMismatch", "running"),
        "terminate": ("busy", "compensating"),
    },
    ("failed", "another"): {
        "attach same": ("guest", "failed"),
        "reject same": ("WorkflowExists", "failed"),
        "other": ("InputMismatch", "failed"),
        "terminate": ("busy", "compensating"),
    },
    ("compensating", "another"): {
        "same": ("busy", "compensating"),
        "other": ("busy", "compensating"),
    },
    ("compensation_failed", "another"): {
        "same": ("WorkflowClosed", "compensation_failed"),
        "other": ("WorkflowClosed", "compensation_failed"),
    },
    ("succeeded", "another"): {"same": ("guest", "succeeded"), "other": ("InputMismatch", "succeeded")},
    ("compensated", "another"): {"same": ("next", "compensated"), "other": ("next", "compensated")},
    ("cancelled", "another"): {"same": ("next", "cancelled"), "other": ("next", "cancelled")},
}


@dataclass
class Earlier:
    """The existing generation of a key: its owner did the step ``reserve``, which has a compensation."""

    world: World
    key: str
    run_id: str
    workflow_id: str
    relay: str

    def state(self) -> WorkflowState:
        """The state of the generation."""
        return self.world.state(self.workflow_id)

    def start(self, whose: str, if_exists: IfExists, input: str = "same") -> StartedWorkflow:
        """Start the key again, from the owner's run or a new one."""
        run_id = self.run_id if whose == "own" else self.world.rows.add_run("intake")
        return self.world.start(run_id, key=self.key, input={"is": input}, if_exists=if_exists, participants=["intake"])


def _earlier(world: World, state: str) -> Earlier:
    """A key whose newest generation is in a state."""
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    policy = FailurePolicy.HOLD if state == "failed" else FailurePolicy.COMPENSATE
    started = world.start(run_id, key=key, input={"is": "same"}, on_failure=policy, participants=["intake"])
    task, begun = world.begin(run_id, "reserve", compensation=CompensationDeclaration("task:reserve", max_attempts=1))
    world.succeed(begun)
    world.rows.set_task_state(task, "success")
    earlier = Earlier(world, key, run_id, started.workflow.id, world.rows.add_task("intake", run_id, "compensate"))
    if state in ("failed", "compensating", "compensation_failed", "compensated"):
        if state == "compensating":
            world.begin(run_id, "charge")  # running: nothing is undone before it ends
        world.rows.add_task("intake", run_id, "leaf", state="failed")
        turn = world.backend.take_turn(TakeTurn(earlier.relay, ["leaf"]))
        if turn.work is not None:
            works = state == "compensated"
            error = None if works else "the warehouse is closed"
            world.backend.end_compensation(EndCompensation(turn.work.compensation_key, works, error))
            world.backend.take_turn(TakeTurn(earlier.relay, ["leaf"]))
    elif state == "succeeded":
        complete = world.rows.add_task("intake", run_id, "complete")
        world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of({"shipped": True})))
    elif state == "cancelled":
        world.backend.cancel_workflow(CancelWorkflow(started.workflow.id))
    assert earlier.state().value == state
    return earlier


def _outcome(earlier: Earlier, whose: str, if_exists: IfExists, input: str) -> str:
    try:
        started = earlier.start(whose, if_exists, input)
    except WorkflowStateError as error:
        return type(error).__name__
    if started.busy:
        return "busy"
    if started.workflow.id == earlier.workflow_id:
        return started.role.value
    assert (started.role, started.workflow.generation) == (RunRole.OWNER, 2)
    return "next"


@pytest.mark.parametrize("whose", ["own", "another"])
@pytest.mark.parametrize("state", STATES)
def test_what_a_start_does_follows_from_the_state_of_the_key(world: World, state: str, whose: str) -> None:
    expected = EXPECTED[state, whose]
    for if_exists in IfExists:
        for input in ("same", "other"):
            earlier = _earlier(world, state)
            before = world.journal(earlier.workflow_id)
            case = f"{if_exists.value} {input}"
            specific = expected.get(case) or expected.get(if_exists.value) or expected[input]

            outcome = _outcome(earlier, whose, if_exists, input)

            assert (case, outcome, earlier.state().value) == (case, *specific)
            if outcome not in ("owner", "guest") and earlier.state().value == state:
                assert world.journal(earlier.workflow_id) == before, case


def test_a_succeeded_key_answers_with_its_output_whatever_is_to_be_done_with_open_ones(world: World) -> None:
    for if_exists in IfExists:
        earlier = _earlier(world, "succeeded")
        assert earlier.start("another", if_exists).output == Payload.of({"shipped": True})


def test_a_refusal_of_a_held_key_names_the_reason(world: World) -> None:
    earlier = _earlier(world, "compensation_failed")

    with pytest.raises(WorkflowClosed, match="the warehouse is closed"):
        earlier.start("another", IfExists.TERMINATE)


def test_a_terminated_workflow_is_undone_before_the_next_generation_begins(world: World) -> None:
    earlier = _earlier(world, "running")
    work = world.rows.add_task("intake", earlier.run_id, "work")
    waits = world.rows.add_task("intake", earlier.run_id, "waits", state=None)
    request = StartWorkflow(
        world.rows.running_task("intake", "start"),
        "order",
        earlier.key,
        Payload.of({"is": "other"}),
        participants=["intake"],
        if_exists=IfExists.TERMINATE,
        idempotency_key=world.unique("start"),
    )

    assert world.backend.start_workflow(request).busy
    assert world.backend.start_workflow(request).busy
    assert [world.rows.task_state(task) for task in (work, waits)] == ["failed", "failed"]
    terminated = world.journal(earlier.workflow_id)[-1]
    assert terminated.kind.value == "workflow.compensating"
    assert (terminated.data["by"], "way" in terminated.data) == ("terminate", False)
    assert terminated.actor.startswith("task:intake/")

    turn = world.backend.take_turn(TakeTurn(earlier.relay, []))
    assert turn.work is not None
    assert str(turn.work.error).startswith("Started again by run ")
    world.backend.end_compensation(EndCompensation(turn.work.compensation_key, succeeded=True))
    world.backend.take_turn(TakeTurn(earlier.relay, []))
    started = world.backend.start_workflow(request)
    assert (started.busy, started.role, started.workflow.generation) == (False, RunRole.OWNER, 2)
    assert world.backend.start_workflow(request) == started
    assert earlier.state() is WorkflowState.COMPENSATED


def test_a_terminated_workflow_whose_compensation_fails_refuses_the_start_with_the_reason(world: World) -> None:
    earlier = _earlier(world, "running")
    assert earlier.start("another", IfExists.TERMINATE).busy
    turn = world.backend.take_turn(TakeTurn(earlier.relay, []))
    assert turn.work is not None
    world.backend.end_compensation(EndCompensation(turn.work.compensation_key, False, "no truck"))

    with pytest.raises(WorkflowClosed, match="no truck"):
        earlier.start("another", IfExists.TERMINATE)


def test_terminating_what_did_nothing_begins_the_next_generation_at_once(world: World) -> None:
    key = world.unique("key")
    first = world.start(key=key, participants=["intake"])

    second = world.start(key=key, participants=["intake"], if_exists=IfExists.TERMINATE)

    assert (second.busy, second.role, second.workflow.generation) == (False, RunRole.OWNER, 2)
    assert world.state(first.workflow.id) is WorkflowState.CANCELLED


def test_a_guest_that_starts_again_may_terminate_and_its_own_tasks_go_on(world: World) -> None:
    earlier = _earlier(world, "running")
    guest = world.rows.add_run("intake")
    world.start(guest, key=earlier.key, input={"is": "same"})
    own = world.rows.add_task("intake", guest, "later", state=None)

    again = world.start(guest, key=earlier.key, input={"is": "same"}, if_exists=IfExists.TERMINATE)

    assert again.busy
    assert world.rows.task_state(own) is None


def test_who_may_not_join_may_not_terminate(world: World) -> None:
    first = world.start(key=(key := world.unique("key")))

    with pytest.raises(AccessDenied, match="stranger does not take part"):
        world.start(key=key, dag_id="stranger", if_exists=IfExists.TERMINATE)
    assert world.state(first.workflow.id) is WorkflowState.RUNNING


def test_a_task_that_was_ended_by_a_termination_starts_nothing(world: World) -> None:
    earlier = _earlier(world, "running")
    start = world.rows.add_task("intake", earlier.run_id, "start")
    earlier.start("another", IfExists.TERMINATE)

    with pytest.raises(TaskInstanceNotFound, match="is failed, not running"):
        world.backend.start_workflow(StartWorkflow(start, "order", earlier.key, Payload.of({"is": "same"})))


def test_a_workflow_at_work_is_not_undone_before_it_rests(world: World) -> None:
    earlier = _earlier(world, "running")
    task, begun = world.begin(earlier.run_id, "charge", compensation=CompensationDeclaration("task:charge"))
    earlier.start("another", IfExists.TERMINATE)

    assert world.backend.take_turn(TakeTurn(earlier.relay, [])).work is None
    world.succeed(begun)  # its process notices in time, and reports how it ended
    turn = world.backend.take_turn(TakeTurn(earlier.relay, []))
    assert turn.work is not None
    assert turn.work.step_name == "charge"
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=1))


def test_a_run_that_starts_again_with_other_params_keeps_the_input_and_is_told_what_differs(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    stored = {"id": 1, "until": "noon", "note": None, "same": [1, {"a": 2}]}
    first = world.start(run_id, key=key, input=stored, on_failure=FailurePolicy.HOLD)
    world.rows.add_task("intake", run_id, "leaf", state="failed")
    relay = world.rows.add_task("intake", run_id, "compensate")
    world.backend.take_turn(TakeTurn(relay, ["leaf"]))
    world.rows.count_clear("intake", run_id)

    given = {"id": 1, "until": "midnight", "since": "dawn", "same": [1, {"a": 2}]}
    again = world.start(run_id, key=key, input=given, on_failure=FailurePolicy.HOLD)

    assert first.input_differs == []
    assert (again.workflow.id, again.workflow.state) == (first.workflow.id, WorkflowState.RUNNING)
    assert again.input_differs == ["note", "since", "until"]
    assert world.backend.get_workflow(first.workflow.id).input == Payload.of(stored, sort_keys=True)
    resumed = world.journal(first.workflow.id)[-1]
    assert (resumed.kind.value, resumed.data["input_differs"]) == ("workflow.resumed", ["note", "since", "until"])
    assert "midnight" not in str([entry.data for entry in world.journal(first.workflow.id)])


def test_a_guest_that_took_part_may_start_again_with_another_input(world: World) -> None:
    earlier = _earlier(world, "running")
    guest = world.rows.add_run("intake")
    world.start(guest, key=earlier.key, input={"is": "same"})

    again = world.start(guest, key=earlier.key, input={"is": "other"})

    assert (again.role, again.workflow.id, again.input_differs) == (RunRole.GUEST, earlier.workflow_id, ["is"])


@pytest.mark.parametrize(("given", "differs"), [([1], ["$"]), ({"x" * 200: 1, "is": "same"}, ["x" * 100])])
def test_what_differs_of_an_odd_input_is_told_too(world: World, given: JsonValue, differs: list[str]) -> None:
    earlier = _earlier(world, "running")

    assert world.start(earlier.run_id, key=earlier.key, input=given).input_differs == differs
