"""The contract of ``StateBackend.take_turn`` and ``end_compensation``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnAnswer,
    TurnDecision,
)
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import EndAttempt, LinkChildRun
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.exceptions import InvalidAttemptKey, InvalidRequest, StaleAttempt, WorkflowClosed
from tests.support.world import World


@dataclass
class Order:
    """An order across two DAGs whose shipping failed: intake did ``reserve`` and ``charge``, its child ``pack``."""

    world: World
    workflow_id: str
    run_id: str
    child_run: str
    child_relay: str
    owner_relay: str

    def ask_as_child(self) -> TurnAnswer:
        """The child's relay asks for the turn."""
        return self.world.backend.take_turn(TakeTurn(self.child_relay, ["ship"]))

    def ask_as_owner(self) -> TurnAnswer:
        """The owner's relay asks for the turn."""
        return self.world.backend.take_turn(TakeTurn(self.owner_relay, ["fulfil"]))

    def state(self) -> WorkflowState:
        """The workflow's state."""
        return self.world.state(self.workflow_id)


@pytest.fixture
def order(world: World) -> Order:
    """An order whose runs have both ended. Only the child's relay has asked so far, while its parent still waited."""
    run_id, child_run = world.rows.add_run("intake"), world.unique("child")
    started = world.start(run_id)
    world.step_done(run_id, "reserve", {"shelf": 4}, undo="task:reserve")
    world.step_done(run_id, "charge", {"receipt": "r"}, undo="task:charge")
    fulfil_task = world.rows.add_task("intake", run_id, "fulfil")
    fulfil = world.begin_as(fulfil_task, "fulfil")
    world.backend.link_child_run(LinkChildRun(fulfil.attempt_key, 1, "fulfilment", child_run))
    world.backend.end_attempt(EndAttempt(fulfil.attempt_key, 2, StepState.WAITING))
    world.rows.set_task_state(fulfil_task, "deferred")
    world.rows.add_run("fulfilment", child_run)
    world.step_done(child_run, "pack", {"box": 1}, dag_id="fulfilment", undo="task:pack")
    ship_task = world.rows.add_task("fulfilment", child_run, "ship")
    world.fail(world.begin_as(ship_task, "ship"), "no truck")
    world.rows.set_task_state(ship_task, "failed", ended_ago=timedelta(seconds=1))
    child_relay = world.rows.add_task("fulfilment", child_run, "compensate")
    waiting = world.backend.take_turn(TakeTurn(child_relay, ["ship"]))
    assert waiting.decision is TurnDecision.NOT_AT_REST
    world.rows.set_run_state("fulfilment", child_run, "failed")
    world.rows.set_task_state(fulfil_task, "running")
    world.fail(world.begin_as(fulfil_task, "fulfil"), "the child failed", write=3)
    world.rows.set_task_state(fulfil_task, "failed", ended_ago=timedelta(seconds=1))
    return Order(
        world=world,
        workflow_id=started.workflow.id,
        run_id=run_id,
        child_run=child_run,
        child_relay=child_relay,
        owner_relay=world.rows.add_task("intake", run_id, "compensate"),
    )


def _forged(key: str) -> str:
    return key[:-1] + ("0" if key[-1] != "0" else "1")


def _done(order: Order, answer: TurnAnswer) -> None:
    assert answer.work is not None
    order.world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))


def test_what_both_dags_did_is_undone_newest_first_each_in_its_own_run(order: Order) -> None:
    assert order.ask_as_owner().decision is TurnDecision.HANDED_OVER
    undone = []
    for ask in (order.ask_as_child, order.ask_as_owner, order.ask_as_owner):
        answer = ask()
        assert answer.decision is TurnDecision.COMPENSATE
        assert answer.work is not None
        undone.append((answer.work.participant, answer.work.step_name, answer.work.output))
        _done(order, answer)

    assert order.ask_as_owner().decision is TurnDecision.FINISHED
    assert undone == [
        ("fulfilment", "pack", Payload.of({"box": 1})),
        ("intake", "charge", Payload.of({"receipt": "r"})),
        ("intake", "reserve", Payload.of({"shelf": 4})),
    ]
    assert order.state() is WorkflowState.COMPENSATED
    told = order.world.told(order.workflow_id)
    assert [line for line in told if line.startswith("compensation.done")] == [
        "compensation.done fulfilment.pack",
        "compensation.done intake.charge",
        "compensation.done intake.reserve",
    ]
    numbers = [entry.number for entry in order.world.journal(order.workflow_id)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_first_error_is_kept_and_handed_to_the_undo(order: Order) -> None:
    order.ask_as_owner()
    work = order.ask_as_child().work

    assert work is not None
    assert work.error == "Step ship failed: no truck"
    assert work.idempotency_key != work.step_idempotency_key


def test_asked_again_the_relay_gets_the_same_work(order: Order) -> None:
    order.ask_as_owner()
    first = order.ask_as_child()
    before = order.world.journal(order.workflow_id)

    assert order.ask_as_child() == first
    assert order.ask_as_owner().decision is TurnDecision.HANDED_OVER
    assert order.world.journal(order.workflow_id) == before


def test_an_end_sent_again_changes_nothing(order: Order) -> None:
    order.ask_as_owner()
    work = order.ask_as_child().work
    assert work is not None
    end = EndCompensation(work.compensation_key, succeeded=True)
    first = order.world.backend.end_compensation(end)
    before = order.world.journal(order.workflow_id)

    assert order.world.backend.end_compensation(end) == first
    assert order.world.journal(order.workflow_id) == before


def test_a_compensation_is_tried_again_and_then_holds_for_a_person(order: Order) -> None:
    order.ask_as_owner()
    for attempt in (1, 2, 3):
        work = order.ask_as_child().work
        assert work is not None
        assert work.attempt == attempt
        ended = order.world.backend.end_compensation(
            EndCompensation(work.compensation_key, succeeded=False, error="the printer is on fire")
        )

    assert ended.state is CompensationState.FAILED
    assert order.state() is WorkflowState.COMPENSATION_FAILED
    summary = order.world.backend.get_workflow(order.workflow_id).summary
    assert "the printer is on fire" in str(summary.hold_reason)
    assert summary.error == "Step ship failed: no truck"
    held = order.ask_as_child()
    assert (held.decision, held.reason) == (TurnDecision.HELD, summary.hold_reason)


def test_a_relay_that_died_is_followed_by_the_next_attempt(order: Order) -> None:
    order.ask_as_owner()
    lost = order.ask_as_child().work
    order.child_relay = order.world.rows.next_try(order.child_relay)

    again = order.ask_as_child().work

    assert lost is not None
    assert again is not None
    assert (again.attempt, again.idempotency_key) == (2, lost.idempotency_key)
    with pytest.raises(StaleAttempt, match="taken over by attempt 2"):
        order.world.backend.end_compensation(EndCompensation(lost.compensation_key, succeeded=True))


def test_while_it_compensates_no_step_begins_but_an_end_is_recorded(order: Order) -> None:
    with pytest.raises(WorkflowClosed, match="is compensating"):
        order.world.begin(order.run_id, "late")


def test_a_step_in_flight_is_waited_for_and_its_end_is_recorded(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    slow_task, slow = world.begin(run_id, "slow", compensation=CompensationDeclaration("task:slow"))
    broken = world.rows.add_task("intake", run_id, "broken")
    world.fail(world.begin_as(broken, "broken", compensation=None))
    world.rows.set_task_state(broken, "failed", ended_ago=timedelta(seconds=1))
    relay = world.rows.add_task("intake", run_id, "compensate")
    ask = TakeTurn(relay, ["broken", "slow"])
    assert world.backend.take_turn(ask).decision is TurnDecision.NOT_AT_REST

    world.succeed(slow, "late but true")
    world.rows.set_task_state(slow_task, "success", ended_ago=timedelta(seconds=1))
    answer = world.backend.take_turn(ask)

    assert answer.work is not None
    assert answer.work.output == Payload.of("late but true")
    assert world.state(workflow.id) is WorkflowState.COMPENSATING


def test_a_killed_step_is_undone_as_lost_after_the_grace(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task = world.rows.add_task("intake", run_id, "act")
    world.begin_as(task, "act", compensation=CompensationDeclaration("task:act"))
    relay = world.rows.add_task("intake", run_id, "compensate")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=1))
    assert world.backend.take_turn(TakeTurn(relay, ["act"])).decision is TurnDecision.NOT_AT_REST

    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=5))
    answer = world.backend.take_turn(TakeTurn(relay, ["act"]))

    assert answer.decision is TurnDecision.COMPENSATE
    assert answer.work is not None
    assert answer.work.output is None
    assert answer.work.error is not None


@pytest.mark.parametrize(("when", "undone"), [(CompensateWhen.ATTEMPTED, True), (CompensateWhen.COMPLETED, False)])
def test_whether_a_failed_round_is_undone(world: World, when: CompensateWhen, undone: bool) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    task = world.rows.add_task("intake", run_id, "act")
    world.fail(world.begin_as(task, "act", compensation=CompensationDeclaration("task:act", when=when)))
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=1))
    relay = world.rows.add_task("intake", run_id, "compensate")

    answer = world.backend.take_turn(TakeTurn(relay, ["act"]))

    assert (answer.decision is TurnDecision.COMPENSATE) is undone
    expected = WorkflowState.COMPENSATING if undone else WorkflowState.COMPENSATED
    assert world.state(workflow.id) is expected


def test_what_a_guest_did_is_undone_by_the_guests_own_relay(world: World) -> None:
    key, run_id, guest_run = world.unique("key"), world.rows.add_run("intake"), world.rows.add_run("intake")
    workflow = world.start(run_id, key=key).workflow
    world.start(guest_run, key=key)
    world.step_done(guest_run, "reserve", undo="task:reserve")
    guest_relay = world.rows.add_task("intake", guest_run, "compensate")
    assert world.backend.take_turn(TakeTurn(guest_relay, ["reserve"])).decision is TurnDecision.NOTHING
    broken = world.rows.add_task("intake", run_id, "broken")
    world.fail(world.begin_as(broken, "broken"))
    world.rows.set_task_state(broken, "failed")
    owner_relay = world.rows.add_task("intake", run_id, "compensate")

    assert world.backend.take_turn(TakeTurn(owner_relay, ["broken"])).decision is TurnDecision.HANDED_OVER
    answer = world.backend.take_turn(TakeTurn(guest_relay, ["reserve"]))

    assert answer.work is not None
    world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
    assert world.backend.take_turn(TakeTurn(guest_relay, ["reserve"])).decision is TurnDecision.FINISHED
    assert world.state(workflow.id) is WorkflowState.COMPENSATED


def test_what_never_acted_needs_no_undo(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    world.step_done(run_id, "reserve", undo="task:reserve")
    task = world.rows.add_task("intake", run_id, "act")
    declared = CompensationDeclaration("task:act", when=CompensateWhen.COMPLETED)
    world.fail(world.begin_as(task, "act", compensation=declared))
    world.rows.set_task_state(task, "failed")
    relay = world.rows.add_task("intake", run_id, "compensate")
    work = world.backend.take_turn(TakeTurn(relay, ["act"])).work
    assert work is not None
    assert work.step_name == "reserve"
    world.backend.end_compensation(EndCompensation(work.compensation_key, succeeded=True))

    assert world.backend.take_turn(TakeTurn(relay, ["act"])).decision is TurnDecision.FINISHED
    states = {step.name: step.compensations[0].state for step in world.backend.get_workflow(workflow.id).steps}
    assert states == {"reserve": CompensationState.DONE, "act": CompensationState.NOT_NEEDED}


def test_an_undo_that_finds_nothing_to_undo_compensates_nothing_and_lets_the_others_go_on(order: Order) -> None:
    order.ask_as_owner()
    work = order.ask_as_child().work
    assert work is not None
    end = EndCompensation(work.compensation_key, succeeded=True, nothing_to_undo="the box was never taped \x00")

    ended = order.world.backend.end_compensation(end)

    assert ended.state is CompensationState.NOT_NEEDED
    assert order.world.backend.end_compensation(end) == ended
    entry = order.world.journal(order.workflow_id)[-1]
    assert (entry.kind, entry.step, entry.attempt) == (EntryKind.COMPENSATION_NOT_NEEDED, "fulfilment.pack", 1)
    assert entry.data == {"round": 1, "reason": "the box was never taped \\x00"}
    for _ in range(3):
        answer = order.ask_as_owner()
        if answer.decision is TurnDecision.COMPENSATE:
            _done(order, answer)
    assert answer.decision is TurnDecision.FINISHED
    steps = {step.name: step for step in order.world.backend.get_workflow(order.workflow_id).steps}
    assert steps["pack"].state is StepState.SUCCEEDED
    assert steps["pack"].compensations[0].state is CompensationState.NOT_NEEDED
    assert steps["charge"].state is StepState.COMPENSATED


def test_an_undo_that_must_not_be_tried_again_has_failed_for_good_until_a_person_retries_it(order: Order) -> None:
    order.ask_as_owner()
    work = order.ask_as_child().work
    assert work is not None
    assert work.max_attempts == 3
    end = EndCompensation(work.compensation_key, succeeded=False, error="the account is closed", may_retry=False)

    assert order.world.backend.end_compensation(end).state is CompensationState.FAILED

    summary = order.world.backend.get_workflow(order.workflow_id).summary
    assert summary.state is WorkflowState.COMPENSATION_FAILED
    assert summary.hold_reason == "The compensation of step fulfilment.pack failed: the account is closed."
    order.world.backend.decide_compensation(
        DecideCompensation(order.workflow_id, "fulfilment.pack", Decision.RETRY, reason="opened again")
    )
    assert order.ask_as_child().work is not None


def test_an_end_that_contradicts_itself_is_refused(order: Order) -> None:
    order.ask_as_owner()
    work = order.ask_as_child().work
    assert work is not None
    before = order.world.journal(order.workflow_id)
    with pytest.raises(InvalidRequest, match="nothing to undo"):
        order.world.backend.end_compensation(
            EndCompensation(work.compensation_key, succeeded=False, error="no", nothing_to_undo="none")
        )
    assert order.world.journal(order.workflow_id) == before


def test_policy_hold_waits_for_a_person(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow
    world.step_done(run_id, "reserve", undo="task:reserve")
    task = world.rows.add_task("intake", run_id, "act")
    world.fail(world.begin_as(task, "act"))
    world.rows.set_task_state(task, "failed")
    relay = world.rows.add_task("intake", run_id, "compensate")

    assert world.backend.take_turn(TakeTurn(relay, ["act"])).decision is TurnDecision.NOTHING
    summary = world.backend.get_workflow(workflow.id).summary
    assert (summary.state, summary.hold_reason) == (WorkflowState.FAILED, "its policy on failure is to hold")


def test_a_run_that_went_well_has_nothing_to_undo(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    world.step_done(run_id, "act", undo="task:act")
    relay = world.rows.add_task("intake", run_id, "compensate")

    assert world.backend.take_turn(TakeTurn(relay, ["act"])).decision is TurnDecision.NOTHING
    assert world.state(workflow.id) is WorkflowState.RUNNING


def test_a_run_without_a_relay_holds_the_workflow_with_that_reason(world: World) -> None:
    key, run_id, other_run = world.unique("key"), world.rows.add_run("intake"), world.rows.add_run("norelay")
    workflow = world.start(run_id, key=key, participants=["norelay"]).workflow
    world.start(other_run, dag_id="norelay", key=key)
    task = world.rows.add_task("norelay", other_run, "act")
    from airflow_wfstate.domain.messages.step import BeginStep

    begun = world.backend.begin_step(BeginStep(task, "act", compensation=CompensationDeclaration("task:act")))
    world.succeed(begun)
    broken = world.rows.add_task("intake", run_id, "broken")
    world.fail(world.begin_as(broken, "broken"))
    world.rows.set_task_state(broken, "failed")
    relay = world.rows.add_task("intake", run_id, "compensate")

    answer = world.backend.take_turn(TakeTurn(relay, ["broken"]))

    assert answer.decision is TurnDecision.HELD
    assert "norelay has no CompensateWorkflowOperator" in answer.reason
    assert world.state(workflow.id) is WorkflowState.COMPENSATION_FAILED


def test_bad_ends_are_refused(order: Order) -> None:
    order.ask_as_owner()
    work = order.ask_as_child().work
    assert work is not None

    with pytest.raises(InvalidRequest):
        order.world.backend.end_compensation(EndCompensation(work.compensation_key, succeeded=False))
    with pytest.raises(InvalidAttemptKey):
        order.world.backend.end_compensation(EndCompensation(_forged(work.compensation_key), succeeded=True))
