"""The workflows for the browser tests: orders across two DAGs in every state, with their runs in Airflow's tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn, TurnDecision
from airflow_wfstate.domain.messages.step import SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from tests.support.saga import Saga
from tests.support.shop import FULFILMENT, INTAKE, RELAY, Order, failed_order, open_order, succeeded_order
from tests.support.world import World

OUTPUT = {
    "carrier": "river post",
    "parcels": [{"id": 1, "grams": 420}, {"id": 2, "grams": 1250}],
    "insured": True,
}


@dataclass(frozen=True)
class Story:
    """Ids of workflows, and the runs of one of them.

    :param succeeded: an order that was delivered.
    :param compensated: an order that was undone across two DAGs.
    :param failed: an order that holds for a person, and can be resumed.
    :param stuck_undo: a workflow whose compensation has failed.
    :param running: an order at work, whose first step has a checkpoint and an output.
    :param plain: an order that a test may cancel.
    :param failing: a workflow with long names that runs although a step has failed: its run is not over.
    """

    succeeded: Order
    compensated: Order
    failed: Order
    stuck_undo: str
    running: Order
    plain: Order
    failing: str


def tell(world: World) -> Story:
    """Create everything."""
    succeeded, _ = succeeded_order(world), succeeded_order(world)
    saga = Saga.start(world, name="trip")
    saga.done("book_flight", "book_hotel")
    saga.undo(saga.fail(), fails=["book_hotel"])
    failed = failed_order(world)
    plain = open_order(world)
    running = _running(world)
    compensated = _compensated(world)
    world.backend.cancel_workflow(CancelWorkflow(open_order(world).workflow_id))
    world.sweep()
    return Story(succeeded, compensated, failed, saga.workflow_id, running, plain, _failing(world))


def _failing(world: World) -> str:
    """A saga in which one step has no undo and the next one has just failed."""
    saga = Saga.start(world, name="yearly_settlement_of_every_account_in_every_subsidiary_and_currency")
    saga.done("collect_the_statements_of_all_accounts_from_all_banks")
    world.step_done(saga.run_id, "send_a_summary_by_email_to_everybody_who_has_asked_for_it")
    task = world.rows.add_task("intake", saga.run_id, "book")
    error = "the ledger of the subsidiary in the north refuses entries dated before the first of the month"
    world.fail(world.begin_as(task, "book_all_differences_into_the_general_ledger"), error)
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=90))
    return saga.workflow_id


def _running(world: World) -> Order:
    """An order that is being shipped, in the second attempt."""
    order = open_order(world, packed=OUTPUT)
    order.fail("ship")
    order.tasks["ship"] = world.rows.next_try(order.tasks["ship"])
    begun = order.begin("ship")
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "parcels_labelled", Payload.of({"count": 2})))
    return order


def _compensated(world: World) -> Order:
    """An order whose shipping failed. The relays of both DAGs take turns until everything is undone."""
    order = open_order(world, on_failure=FailurePolicy.COMPENSATE)
    order.fail("ship")
    world.fail(order.begin_again("fulfil"), "the run failed", write=9)
    order.world.rows.set_task_state(order.tasks["fulfil"], "failed", ended_ago=timedelta(minutes=1))
    order.world.rows.set_task_state(order.tasks["complete"], "upstream_failed", ended_ago=timedelta(minutes=1))
    leaves = {"child_compensate": "ship", RELAY: "complete"}
    for _ in range(10):
        for relay, leaf in leaves.items():
            _undo(world, order, relay, leaf)
        if world.state(order.workflow_id).value == "compensated":
            return order
    raise AssertionError(world.told(order.workflow_id))


def _undo(world: World, order: Order, relay: str, leaf: str) -> None:
    dag_id, run_id = (FULFILMENT, order.child_run) if relay == "child_compensate" else (INTAKE, order.run_id)
    found = world.rows.find_task(dag_id, run_id, RELAY)
    assert found is not None
    order.tasks[relay] = found[0]
    world.rows.set_task_state(found[0], "running")
    answer = world.backend.take_turn(TakeTurn(found[0], [leaf]))
    while answer.decision is TurnDecision.COMPENSATE:
        assert answer.work is not None
        world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
        answer = world.backend.take_turn(TakeTurn(found[0], [leaf]))
    world.rows.set_task_state(found[0], "success", ended_ago=timedelta(0))
    world.rows.set_run_state(dag_id, run_id, "failed")
