"""The contract of places: a DAG that is called twice in a workflow does its work twice, named after its callers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep, LinkChildRun, StepSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from tests.support.world import World

UNDO = CompensationDeclaration("task:send", max_attempts=1)


@dataclass
class Order:
    """A workflow whose DAG calls the DAG ``mail`` at several places."""

    world: World
    run_id: str
    workflow_id: str
    triggers: dict[str, BegunStep] = field(default_factory=dict)
    mails: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def start(world: World, **how: object) -> Order:
        run_id = world.rows.add_run("order")
        started = world.start(run_id, dag_id="order", **how)  # type: ignore[arg-type]  # of World.start
        return Order(world, run_id, started.workflow.id)

    def call(self, name: str, *, item_key: str = "", dag_id: str = "mail") -> str:
        """Trigger a run of the DAG from a step, and return its run id."""
        _, trigger = self.world.begin(self.run_id, name, dag_id="order", item_key=item_key)
        place = f"{name}[{item_key}]" if item_key else name
        self.triggers[place] = trigger
        self.mails[place] = self.world.child(trigger, dag_id)
        return self.mails[place]

    def send(self, place: str, output: str, *, dag_id: str = "mail") -> None:
        """Have the run of a place do its step, and end its trigger."""
        _, begun = self.world.begin(self.mails[place], "send", dag_id=dag_id, compensation=UNDO)
        assert begun.decision is BeginDecision.RUN
        self.world.succeed(begun, output)
        self.world.succeed(self.triggers[place], {"state": "success"}, write=2)

    def mail_steps(self) -> list[StepSummary]:
        return [step for step in self.world.backend.get_workflow(self.workflow_id).steps if step.name == "send"]


@pytest.fixture
def order(world: World) -> Order:
    """An order that has notified its customer at two places."""
    order = Order.start(world)
    for place, text in (("tell_received", "got it"), ("tell_sent", "on its way")):
        order.call(place)
        order.send(place, text)
    return order


def test_a_dag_that_is_called_at_two_places_acts_at_both(order: Order) -> None:
    received, sent = order.mail_steps()

    assert (received.output, sent.output) == (Payload.of("got it"), Payload.of("on its way"))
    assert (received.place, sent.place) == ("tell_received", "tell_sent")
    assert sent.parent_step_id == order.triggers["tell_sent"].step_id
    assert received.attempts[0].run_id != sent.attempts[0].run_id


def test_each_place_has_an_idempotency_key_of_its_own(world: World) -> None:
    order = Order.start(world)
    keys = set()
    for place in ("tell_received", "tell_sent"):
        _, begun = world.begin(order.call(place), "send", dag_id="mail")
        keys.add(begun.idempotency_key)

    assert len(keys) == 2


def test_a_mapped_trigger_calls_at_as_many_places_as_it_has_items(world: World) -> None:
    order = Order.start(world)
    for item in ("ada", "bob", "eve"):
        order.call("notify", item_key=item)
        order.send(f"notify[{item}]", item)

    assert {step.place: step.output for step in order.mail_steps()} == {
        f"notify[{item}]": Payload.of(item) for item in ("ada", "bob", "eve")
    }
    assert world.told(order.workflow_id)[-2] == "step.succeeded mail[notify[eve]].send"


def test_a_dag_that_is_called_once_is_named_without_a_place(world: World) -> None:
    order = Order.start(world)
    order.call("tell_received")
    order.send("tell_received", "got it")

    (step,) = order.mail_steps()

    assert (step.place, step.parent_step_id) == (None, order.triggers["tell_received"].step_id)
    assert "step.succeeded mail.send" in world.told(order.workflow_id)


def test_the_journal_names_the_places_also_of_entries_that_were_written_when_there_was_one(order: Order) -> None:
    told = [line for line in order.world.told(order.workflow_id) if "send" in line]

    assert told == [
        "step.began mail[tell_received].send",
        "step.succeeded mail[tell_received].send",
        "step.began mail[tell_sent].send",
        "step.succeeded mail[tell_sent].send",
    ]


def test_a_second_run_at_the_same_place_finds_the_steps_of_the_first(world: World, order: Order) -> None:
    trigger = order.triggers["tell_sent"]
    task = world.backend.get_step(order.workflow_id, trigger.step_id).attempts[0].task_instance_id
    world.rows.set_task_state(task, "success")
    again = world.begin_as(world.rows.next_try(task, state="success"), "tell_sent")
    assert again.round == 2

    _, answered = world.begin(world.child(again, "mail"), "send", dag_id="mail")

    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of("on its way"))


def test_a_dag_that_takes_part_as_owner_and_is_called_too_does_its_work_for_both(world: World) -> None:
    run_id = world.rows.add_run("mail")
    started = world.start(run_id, dag_id="mail")
    world.step_done(run_id, "send", "own", dag_id="mail")
    _, trigger = world.begin(run_id, "remind", dag_id="mail")
    _, begun = world.begin(world.child(trigger, "mail"), "send", dag_id="mail")
    world.succeed(begun, "reminder")

    steps = world.backend.get_workflow(started.workflow.id).steps

    assert [(step.name, step.place) for step in steps] == [("send", None), ("remind", None), ("send", "remind")]
    assert "step.succeeded mail.send" in world.told(started.workflow.id)
    assert "step.succeeded mail[remind].send" in world.told(started.workflow.id)


def test_a_guest_has_no_place(world: World) -> None:
    run_id, key = world.rows.add_run("order"), world.unique("key")
    started = world.start(run_id, dag_id="order", key=key, participants=["desk"])
    guests = [world.rows.add_run("desk") for _ in range(2)]
    for guest in guests:
        assert world.start(guest, dag_id="desk", key=key).role is RunRole.GUEST
    world.step_done(guests[0], "sign", "signed", dag_id="desk")

    _, answered = world.begin(guests[1], "sign", dag_id="desk")

    assert answered.output == Payload.of("signed")
    steps = world.backend.get_workflow(started.workflow.id).steps
    assert [(step.place, step.parent_step_id) for step in steps] == [(None, None)]


def test_a_place_below_a_place_is_named_so_that_none_is_taken_for_the_other(world: World) -> None:
    order = Order.start(world)
    for place in ("first", "second"):
        ship = order.call(place, dag_id="ship")
        _, tell = world.begin(ship, "tell", dag_id="ship")
        _, sent = world.begin(world.child(tell, "mail"), "send", dag_id="mail")
        assert sent.decision is BeginDecision.RUN
        world.succeed(sent, place)

    assert {step.place: step.output for step in order.mail_steps()} == {
        "ship[first].tell": Payload.of("first"),
        "ship[second].tell": Payload.of("second"),
    }


def test_a_run_id_that_another_place_has_taken_is_not_shared(world: World) -> None:
    """A DAG that is called twice triggers another by the same task, so the task's name and round are no unique id."""
    order = Order.start(world)
    runs = []
    for place in ("first", "second"):
        _, tell = world.begin(order.call(place, dag_id="ship"), "tell", dag_id="ship")
        wish = LinkChildRun(tell.attempt_key, 1, "mail", f"wfstate__{order.workflow_id}__tell__1")
        linked = world.backend.link_child_run(wish)
        assert world.backend.link_child_run(wish) == linked
        runs.append(linked.run_id)

    assert runs[0] == f"wfstate__{order.workflow_id}__tell__1"
    assert runs[1] != runs[0]


def test_a_planned_step_of_a_participant_is_done_when_it_is_at_all_its_places(world: World) -> None:
    order = Order.start(world, plan=["tell_received", "tell_sent", "mail.send"])
    order.call("tell_received")
    order.send("tell_received", "got it")
    order.call("tell_sent")
    world.begin(order.mails["tell_sent"], "send", dag_id="mail")

    progress = world.backend.get_workflow(order.workflow_id).progress

    assert (progress.done, progress.running) == (["tell_received"], ["tell_sent", "mail.send"])


def test_a_plan_may_name_the_place(world: World) -> None:
    plan = ["mail[tell_received].send", "mail[tell_sent].send"]
    order = Order.start(world, plan=plan)
    order.call("tell_received")
    order.send("tell_received", "got it")

    one = world.backend.get_workflow(order.workflow_id).progress
    order.call("tell_sent")
    order.send("tell_sent", "on its way")
    both = world.backend.get_workflow(order.workflow_id).progress
    (listed,) = world.backend.list_workflows(WorkflowQuery(run_id=order.run_id, dag_id="order")).workflows

    assert (one.done, one.remaining) == ([plan[0], "order.tell_received"], [plan[1]])
    assert both.done == [*plan, "order.tell_received", "order.tell_sent"]
    assert (listed.steps_done, listed.steps_total) == (4, 4)


def test_steps_that_the_plan_does_not_name_are_told_by_their_places(order: Order) -> None:
    progress = order.world.backend.get_workflow(order.workflow_id).progress

    assert progress.done == [
        "mail[tell_received].send",
        "mail[tell_sent].send",
        "order.tell_received",
        "order.tell_sent",
    ]


def test_what_was_done_at_two_places_is_undone_at_both_newest_first(world: World, order: Order) -> None:
    breaks = world.rows.add_task("order", order.run_id, "breaks")
    world.fail(world.begin_as(breaks, "breaks"), "broken")
    world.rows.set_task_state(breaks, "failed")
    for place in ("tell_received", "tell_sent"):
        world.rows.set_run_state("mail", order.mails[place], "success")
    relays = {
        run_id: world.rows.add_task("mail", run_id, "compensate", state="success") for run_id in order.mails.values()
    }
    own = world.rows.add_task("order", order.run_id, "compensate")
    for trigger in order.triggers.values():
        task = world.backend.get_step(order.workflow_id, trigger.step_id).attempts[0].task_instance_id
        world.rows.set_task_state(task, "success")

    undone = []
    assert world.backend.take_turn(TakeTurn(own, ["breaks"])).decision is TurnDecision.HANDED_OVER
    for place in ("tell_sent", "tell_received"):
        relay = world.rows.next_try(relays[order.mails[place]], state="success")
        answer = world.backend.take_turn(TakeTurn(relay, []))
        assert answer.work is not None, answer
        undone.append(answer.work.output)
        world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
        answer = world.backend.take_turn(TakeTurn(relay, []))

    assert undone == [Payload.of("on its way"), Payload.of("got it")]
    assert answer.decision is TurnDecision.FINISHED
    assert [step.state for step in order.mail_steps()] == [StepState.COMPENSATED] * 2
    assert [line for line in world.told(order.workflow_id) if line.startswith("compensation.done")] == [
        "compensation.done mail[tell_sent].send",
        "compensation.done mail[tell_received].send",
    ]


def test_a_plan_of_the_undo_names_the_places(order: Order) -> None:
    plan = order.world.backend.plan_compensate(order.workflow_id)

    assert [item.step for item in plan.undone] == ["mail[tell_sent].send", "mail[tell_received].send"]
    page = order.world.backend.list_compensations(order.workflow_id)
    assert [item.step for item in page.compensations] == ["mail[tell_sent].send", "mail[tell_received].send"]


def test_a_decision_about_an_undo_names_the_place_where_there_are_several(world: World, order: Order) -> None:
    own = world.rows.add_task("order", order.run_id, "compensate")
    breaks = world.rows.add_task("order", order.run_id, "breaks")
    world.fail(world.begin_as(breaks, "breaks"), "broken")
    world.rows.set_task_state(breaks, "failed")
    for trigger in order.triggers.values():
        task = world.backend.get_step(order.workflow_id, trigger.step_id).attempts[0].task_instance_id
        world.rows.set_task_state(task, "success")
    held = world.backend.take_turn(TakeTurn(own, ["breaks"]))  # the runs of mail have no relay task
    assert held.decision is TurnDecision.HELD
    assert "mail[tell_sent].send" in held.reason

    def decide(step: str) -> DecideCompensation:
        return DecideCompensation(order.workflow_id, step, Decision.SKIP, "a mail cannot be taken back")

    for name in ("send", "mail.send"):
        with pytest.raises(InvalidRequest, match=r"mail\[tell_received\]\.send, mail\[tell_sent\]\.send"):
            world.backend.decide_compensation(decide(name))
    with pytest.raises(StepNotFound):
        world.backend.decide_compensation(decide("mail[nowhere].send"))
    decided = world.backend.decide_compensation(decide("mail[tell_received].send"))

    assert decided.step == "mail[tell_received].send"
    page = world.backend.list_compensations(order.workflow_id)
    decisions = {item.step: [entry.kind.value for entry in item.decisions] for item in page.compensations}
    assert decisions == {"mail[tell_sent].send": [], "mail[tell_received].send": ["compensation.skipped"]}


def test_a_restart_names_the_place_where_there_are_several(world: World, order: Order) -> None:
    for name in ("send", "mail.send"):
        with pytest.raises(InvalidRequest, match=r"one of them in full: mail\[tell_received\]\.send, mail\["):
            world.backend.plan_resume(order.workflow_id, name)
    with pytest.raises(StepNotFound, match=r"mail\[tell_sent\]\.send"):
        world.backend.plan_resume(order.workflow_id, "mail[nowhere].send")

    plan = world.backend.plan_resume(order.workflow_id, "mail[tell_sent].send")

    assert plan.from_step == "mail[tell_sent].send"
    assert plan.workflow.state is WorkflowState.RUNNING


def test_the_error_of_the_workflow_names_the_place(world: World, order: Order) -> None:
    del order.mails["tell_sent"]
    run_id = order.call("tell_again")
    breaks = world.rows.add_task("mail", run_id, "stamp")
    world.fail(world.begin_as(breaks, "stamp"), "no stamps")
    world.rows.set_task_state(breaks, "failed")
    own = world.rows.add_task("mail", run_id, "compensate")
    world.backend.take_turn(TakeTurn(own, ["stamp"]))

    summary = world.backend.get_workflow(order.workflow_id).summary

    assert summary.error == "Step mail[tell_again].stamp failed: no stamps"


def test_the_current_step_of_a_workflow_names_the_place_where_there_are_several(world: World) -> None:
    order = Order.start(world)
    order.call("tell_received")
    world.begin(order.mails["tell_received"], "send", dag_id="mail")

    def current() -> str | None:
        (listed,) = world.backend.list_workflows(WorkflowQuery(run_id=order.run_id, dag_id="order")).workflows
        return listed.current_step

    assert current() == "send"
    order.call("tell_sent")
    world.begin(order.mails["tell_sent"], "send", dag_id="mail")
    assert current() == "mail[tell_sent].send"
