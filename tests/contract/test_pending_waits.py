"""What a workflow waits for, and the flag of a service that is late."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, update

from airflow_wfstate.domain.messages.event import EventCounts
from airflow_wfstate.domain.messages.reading.graph import GraphLane, LaneKind, Structure
from airflow_wfstate.domain.messages.reading.pending_wait import PendingKind, PendingWait
from airflow_wfstate.domain.messages.token import CreateToken
from airflow_wfstate.domain.messages.wait import RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.exceptions import EventNotFound, WorkflowNotFound
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.sweeping import late_services
from tests.support.services import Shop
from tests.support.world import World

pytestmark = pytest.mark.first_answer

LONG_AGO = datetime.now(timezone.utc) - timedelta(hours=5)


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, plan=["shop.place", "payments.capture", "intake.pack", "carrier.deliver"]).apply()


def set_rows(world: World, table: Any, where: dict[str, object], **values: object) -> None:
    """Change rows as only the passage of time would."""
    with world.rows.engine.begin() as connection:
        conditions = [table.c[name] == value for name, value in where.items()]
        assert connection.execute(update(table).where(*conditions).values(**values)).rowcount


def age(world: World, workflow_id: str, by: datetime = LONG_AGO) -> None:
    """Move the workflow, and everything that it did, to that time."""
    set_rows(world, schema.workflow, {"id": workflow_id}, started_at=by, updated_at=by, state_changed_at=by)
    set_rows(world, schema.step, {"workflow_id": workflow_id}, started_at=by, updated_at=by)


def flags(world: World, workflow_id: str) -> list[Flag]:
    world.sweep()
    return list(world.backend.get_workflow(workflow_id, step_limit=0).summary.flags)


def late(world: World, workflow_id: str) -> list[Flag]:
    """The flags that this cause finds. A whole sweep would do more to a workflow that is being undone."""
    (cause,) = late_services.CAUSES
    now = datetime.now(timezone.utc)
    with world.rows.engine.begin() as connection:
        rows = [row for row in connection.execute(cause.question(now)) if row.workflow_id == workflow_id]
        return [flag for row in rows if (flag := cause.flag(connection, row, now)) is not None]


def told(waits: list[PendingWait]) -> list[str]:
    return [f"{wait.kind.value}: {wait.waiter} waits for {wait.what}" for wait in waits]


def lane(lanes: list[GraphLane], participant: str) -> GraphLane:
    return next(lane for lane in lanes if lane.participant == participant)


def test_a_workflow_waits_for_the_service_of_the_next_step_and_then_for_its_end(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"))
    silent = shop.find("1")

    (wait,) = silent.waits
    assert told(silent.waits) == [
        "service: payments.capture waits for payments to report that it began or ended",
    ]
    assert (wait.has_begun, wait.step_id, wait.until) == (False, None, None)
    assert wait.since == silent.steps[0].updated_at
    shop.send(shop.event("payments", "authorised", "1"))
    (wait,) = shop.find("1").waits
    assert (wait.has_begun, wait.what) == (True, "payments to report how it ended")
    shop.send(shop.event("payments", "captured", "1"))
    assert shop.find("1").waits == [], "a DAG is to do the next step"


def test_a_service_is_a_lane_with_planned_steps_and_the_one_that_is_waited_for(world: World, shop: Shop) -> None:
    (result,) = shop.send(shop.placed("1"))

    graph = world.backend.get_graph(str(result.workflow_id))

    assert [found.participant for found in graph.lanes] == ["shop", "payments", "carrier"]
    payments = lane(graph.lanes, "payments")
    assert (payments.kind, payments.structure) == (LaneKind.SERVICE, Structure.KNOWN)
    assert (payments.dag_id, payments.run_id, payments.role, payments.state) == (None, None, None, None)
    (placed,) = lane(graph.lanes, "shop").nodes
    assert (placed.state, placed.steps, placed.position) == (StepState.SUCCEEDED, {StepState.SUCCEEDED: 1}, 1)
    assert (placed.is_current, placed.waited_since) == (False, None)
    (capture,) = payments.nodes
    assert (capture.state, capture.position, capture.is_current) == (None, 2, True)
    assert capture.waited_since is not None
    (deliver,) = lane(graph.lanes, "carrier").nodes
    assert (deliver.state, deliver.position, deliver.is_current) == (None, 4, False)
    assert graph.remaining == ["intake.pack"]


def test_services_stand_before_the_runs_and_are_left_out_as_runs_are(world: World, shop: Shop) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    workflow_id = world.start(run_id, name=shop.name, key=key).workflow.id

    whole = world.backend.get_graph(workflow_id)
    rest = world.backend.get_graph(workflow_id, skip=2)
    none = world.backend.get_graph(workflow_id, skip=9)

    assert [found.participant for found in whole.lanes] == ["shop", "payments", "carrier", "intake"]
    assert [found.participant for found in rest.lanes] == ["carrier", "intake"]
    assert [(graph.earlier_lanes, graph.further_lanes) for graph in (whole, rest, none)] == [(0, 0), (2, 0), (4, 0)]


def test_steps_of_tasks_tell_what_they_wait_for_and_never_a_token(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, key=world.unique("key")).workflow.id
    task = world.rows.add_task("intake", run_id, "hear")
    hearing = world.begin_as(task, "hear")
    target = WaitTarget(WaitKind.EVENT, "order", "77", event="com.shop.paid")
    world.backend.register_wait(RegisterWait(task, target, 60, attempt_key=hearing.attempt_key))
    other = world.rows.add_task("intake", run_id, "ask")
    begun = world.begin_as(other, "ask")
    secret = hashlib.sha256(b"a secret").hexdigest()
    world.backend.create_token(CreateToken(begun.attempt_key, 1, "approval", secret, 3600))

    waits = world.backend.get_workflow(workflow_id).waits

    assert told(waits) == [
        "event: intake.hear waits for an event com.shop.paid about order/77",
        "token: intake.ask waits for an answer from outside, by a token of its wait approval",
    ]
    assert waits[0].until is not None
    assert (waits[0].until - waits[0].since).total_seconds() == 60
    assert secret not in repr(waits)
    world.succeed(hearing)
    assert [wait.kind for wait in world.backend.get_workflow(workflow_id).waits] == [PendingKind.TOKEN]


def test_a_service_that_has_said_nothing_for_long_is_flagged(world: World, shop: Shop) -> None:
    (result,) = shop.send(shop.placed("1"))
    workflow_id = str(result.workflow_id)
    assert flags(world, workflow_id) == []
    (other,) = shop.send(shop.placed("2"))
    age(world, str(other.workflow_id))

    (flag,) = flags(world, str(other.workflow_id))

    assert (flag.kind, flag.since, flag.owner) == (FlagKind.WAITS_FOR_SERVICE, LONG_AGO, "admin")
    assert flag.cause.startswith("The next step is payments.capture, but its service has not reported on it for 5:")
    assert flag.command == f"airflow wfstate event list --name {shop.name} --key 2"
    shop.send(shop.event("payments", "captured", "2"))
    assert flags(world, str(other.workflow_id)) == [], "a DAG is to do the next step"


def test_a_service_at_work_may_take_three_times_as_long_as_it_usually_does(world: World, shop: Shop) -> None:
    short = Shop(world.backend, plan=["shop.place", "payments.capture"]).apply()
    for key in ("1", "2", "3"):
        short.send(
            short.placed(key), short.event("payments", "authorised", key), short.event("payments", "captured", key)
        )
        where = {"workflow_id": short.find(key).summary.id, "name": "capture"}
        set_rows(world, schema.step, where, started_at=LONG_AGO - timedelta(hours=2), updated_at=LONG_AGO)
    late, patient = "4", "5"
    for key, hours in ((late, 7), (patient, 5)):
        short.send(short.placed(key), short.event("payments", "authorised", key))
        age(world, short.find(key).summary.id, datetime.now(timezone.utc) - timedelta(hours=hours))

    (flag,) = flags(world, short.find(late).summary.id)

    assert flag.cause.startswith(
        "Step payments.capture has been in progress at its service, with no report of its end, for 7:0"
    )
    assert flag.cause.endswith("(it usually takes 2:00:00).")
    assert flags(world, short.find(patient).summary.id) == []


def test_an_undo_that_a_service_was_asked_for_is_waited_for_and_flagged(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"))
    detail = shop.find("1")
    step = next(step for step in detail.steps if step.name == "capture")
    set_rows(world, schema.workflow, {"id": detail.summary.id}, state="compensating", state_changed_at=LONG_AGO)
    with world.rows.engine.begin() as connection:
        connection.execute(
            insert(schema.compensation).values(
                step_id=step.id, round=1, workflow_id=detail.summary.id, state="running", handler="event:refund",
                compensate_when="completed", max_attempts=3, attempts=1, dag_id="", run_id="", started_at=LONG_AGO,
                answer_due_at=LONG_AGO + timedelta(days=1),
                last_entry=1,
            )
        )  # fmt: skip
    set_rows(world, schema.workflow, {"id": detail.summary.id}, started_at=LONG_AGO)

    (wait,) = shop.find("1").waits

    assert told([wait]) == ["undo: payments.capture waits for payments to confirm that it is undone"]
    assert (wait.since, wait.until, wait.step_id) == (LONG_AGO, LONG_AGO + timedelta(days=1), step.id)
    (flag,) = late(world, detail.summary.id)
    assert flag.cause.startswith("The service payments was asked to undo payments.capture and has not answered for 5:")
    (capture,) = lane(world.backend.get_graph(detail.summary.id).lanes, "payments").nodes
    assert capture.compensation is not None
    assert (capture.is_current, capture.waited_since) == (True, LONG_AGO)


def test_an_event_of_a_workflow_is_found_there_and_nowhere_else(world: World, shop: Shop) -> None:
    placed = shop.placed("1")
    shop.send(placed, shop.placed("2"))
    own, other = shop.find("1").summary.id, shop.find("2").summary.id

    found = world.backend.get_workflow_event(own, placed["source"], placed["id"])

    assert (found.event.workflow_id, found.event.type) == (own, "placed")
    assert found.body is not None
    assert found.body.value()["data"] == placed["data"]
    with pytest.raises(EventNotFound, match="was applied to workflow"):
        world.backend.get_workflow_event(other, placed["source"], placed["id"])
    with pytest.raises(WorkflowNotFound):
        world.backend.get_workflow_event("0" * 32, placed["source"], placed["id"])


def test_events_that_wait_are_counted_by_their_state(world: World, shop: Shop) -> None:
    before = world.backend.count_events()

    shop.send(shop.event("payments", "captured", "9"), shop.event("carrier", "delivered", "9"))

    assert world.backend.count_events() == EventCounts(before.parked + 2, before.dead)
