"""The contract of the graph: lanes, nodes, edges, and which part belongs to which step."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup
from sqlalchemy import insert

from airflow_wfstate import durable
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.reading.graph import GraphLane, GraphNode, LaneKind, NodeCompensation, Structure
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.exceptions import InvalidRequest, WorkflowNotFound
from airflow_wfstate.store.database import schema
from tests.support.serialized_dags import deploy, pin
from tests.support.shop import FULFILMENT, INTAKE, failed_order, intake_dag, open_order
from tests.support.world import World


def _node(lane: GraphLane, node_id: str) -> GraphNode:
    return next(node for node in lane.nodes if node.id == node_id)


def _edges(lane: GraphLane) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in lane.edges}


def test_each_run_is_a_lane_with_the_edges_of_its_dag_and_the_step_that_triggered_it(world: World) -> None:
    order = open_order(world)
    order.begin("ship")

    graph = world.backend.get_graph(order.workflow_id)

    intake, child = graph.lanes
    assert (intake.kind, intake.role, child.role) == (LaneKind.DAG_RUN, RunRole.OWNER, RunRole.CHILD)
    assert (intake.dag_id, intake.run_id, child.dag_id) == (INTAKE, order.run_id, FULFILMENT)
    assert {("start", "reserve"), ("reserve", "charge"), ("charge", "fulfil"), ("fulfil", "complete")} <= _edges(intake)
    assert ("pack", "ship") in _edges(child)
    assert intake.trigger is None
    assert child.trigger is not None
    assert (child.trigger.lane, child.trigger.node) == (intake.id, "fulfil")
    assert [lane.structure for lane in graph.lanes] == [Structure.KNOWN, Structure.KNOWN]


def test_a_node_tells_its_step_its_task_and_whether_it_is_at_work(world: World) -> None:
    order = open_order(world)
    order.begin("ship")

    intake, child = world.backend.get_graph(order.workflow_id).lanes

    reserve, complete = _node(intake, "reserve"), _node(intake, "complete")
    assert (reserve.step, reserve.state, reserve.tasks) == ("reserve", StepState.SUCCEEDED, {"success": 1})
    assert (complete.step, complete.state, complete.tasks) == (None, None, {"none": 1})
    assert [node.id for node in child.nodes if node.is_current] == ["ship"]
    assert [node.id for lane in (intake, child) for node in lane.nodes if node.is_relay] == ["compensate"] * 2


def test_planned_steps_that_no_task_declares_stand_apart(world: World) -> None:
    order = open_order(world)

    assert world.backend.get_graph(order.workflow_id).remaining == ["invoice"], "reserve has begun"


def test_a_planned_step_that_a_task_declares_is_that_tasks_node(world: World) -> None:
    dag_id = world.unique("planned")
    with DAG(dag_id, schedule=None) as dag:
        durable(EmptyOperator(task_id="send_invoice"), name="invoice")
    dag.validate()
    deploy(world.rows.engine, dag)
    run_id = world.rows.add_run(dag_id)
    workflow_id = world.start(run_id, dag_id=dag_id, plan=["invoice", "archive"]).workflow.id

    graph = world.backend.get_graph(workflow_id)

    (node,) = graph.lanes[0].nodes
    assert (node.id, node.step, node.state) == ("send_invoice", "invoice", None)
    assert graph.remaining == ["archive"]


def test_compensations_have_their_places_in_the_undo(world: World) -> None:
    order = failed_order(world)

    intake, child = world.backend.get_graph(order.workflow_id).lanes
    page = world.backend.list_compensations(order.workflow_id).compensations

    ladder = {item.step.rpartition(".")[2]: place for place, item in enumerate(page, start=1)}
    for lane, name in ((intake, "reserve"), (intake, "fulfil"), (child, "pack"), (child, "ship")):
        compensation = _node(lane, name).compensation
        assert compensation == NodeCompensation({CompensationState.ARMED: 1}, ladder[name], ladder[name])
    assert _node(intake, "complete").compensation is None


def test_a_mapped_task_is_one_node_that_counts_its_items(world: World) -> None:
    order = open_order(world)
    undo = CompensationDeclaration("task:refund")
    for index, item in enumerate(("a", "b", "c")):
        task = world.rows.add_task(INTAKE, order.run_id, "refund", map_index=index)
        world.succeed(world.begin_as(task, "refund", item_key=item, compensation=undo))
        world.rows.set_task_state(task, "success")

    intake, _ = world.backend.get_graph(order.workflow_id).lanes

    refund = _node(intake, "refund")
    assert (refund.step, refund.is_mapped) == ("refund", True)
    assert (refund.steps, refund.tasks) == ({StepState.SUCCEEDED: 3}, {"success": 3})
    assert refund.compensation is not None
    assert refund.compensation.by_state == {CompensationState.ARMED: 3}
    assert refund.compensation.last - refund.compensation.first == 2


def test_a_run_shows_its_own_version_of_its_dag(world: World) -> None:
    order = open_order(world)
    deploy(world.rows.engine, intake_dag(), bundle_version="one")
    pin(world.rows.engine, INTAKE, order.run_id)
    before = world.backend.get_graph(order.workflow_id).lanes[0]
    deploy(world.rows.engine, intake_dag(extra_task="notify"), bundle_version="two")

    after = world.backend.get_graph(order.workflow_id).lanes[0]

    assert after == before
    assert "notify" not in {node.id for node in after.nodes}


def test_a_task_that_the_dag_has_lost_stays_with_its_step_and_without_edges(world: World) -> None:
    order = open_order(world)
    deploy(world.rows.engine, intake_dag(without="charge"))

    intake = world.backend.get_graph(order.workflow_id).lanes[0]

    charge = _node(intake, "charge")
    assert (charge.step, charge.state, charge.operator) == ("charge", StepState.SUCCEEDED, None)
    assert not any("charge" in edge for edge in _edges(intake))


@pytest.mark.parametrize("gone", [FULFILMENT, INTAKE])
def test_a_run_that_airflow_does_not_know_is_boxes_without_arrows(world: World, gone: str) -> None:
    order = open_order(world)
    order.delete_run(gone)

    lane = next(lane for lane in world.backend.get_graph(order.workflow_id).lanes if lane.dag_id == gone)

    assert (lane.structure, lane.state, lane.version, lane.edges) == (Structure.UNKNOWN, None, None, [])
    begun = {FULFILMENT: {"pack"}, INTAKE: {"reserve", "charge", "fulfil"}}
    assert {node.id for node in lane.nodes} == begun[gone]


def test_task_groups_stand_in_their_parents(world: World) -> None:
    dag_id = world.unique("grouped")
    with DAG(dag_id, schedule=None) as dag, TaskGroup("outer"), TaskGroup("inner"):
        EmptyOperator(task_id="deep")
    deploy(world.rows.engine, dag)
    run_id = world.rows.add_run(dag_id)
    workflow_id = world.start(run_id, dag_id=dag_id).workflow.id

    (lane,) = world.backend.get_graph(workflow_id).lanes

    assert [(group.id, group.label, group.parent) for group in lane.groups] == [
        ("outer", "outer", None),
        ("outer.inner", "inner", "outer"),
    ]
    assert _node(lane, "outer.inner.deep").group == "outer.inner"


def test_more_runs_than_a_graph_holds_come_on_further_pages(world: World) -> None:
    run_id = world.rows.add_run(INTAKE)
    workflow_id = world.start(run_id, dag_id=INTAKE).workflow.id
    linked = datetime.now(timezone.utc)
    guests = [f"guest-{number:02}" for number in range(52)]
    with world.rows.engine.begin() as connection:
        connection.execute(
            insert(schema.run),
            [
                {"workflow_id": workflow_id, "dag_id": world.unique("g"), "run_id": guest, "role": "guest"}
                | {"bound": False, "linked_at": linked + timedelta(seconds=number)}
                for number, guest in enumerate(guests)
            ],
        )

    first = world.backend.get_graph(workflow_id)
    second = world.backend.get_graph(workflow_id, skip=50)
    beyond = world.backend.get_graph(workflow_id, skip=1000)

    assert [lane.run_id for lane in first.lanes] == [run_id, *guests[:49]]
    assert (first.earlier_lanes, first.further_lanes) == (0, 3)
    assert [lane.run_id for lane in second.lanes] == guests[49:]
    assert (second.earlier_lanes, second.further_lanes) == (50, 0)
    assert (beyond.lanes, beyond.earlier_lanes, beyond.further_lanes) == ([], 53, 0)
    with pytest.raises(InvalidRequest):
        world.backend.get_graph(workflow_id, skip=-1)


def test_what_is_no_workflow_has_no_graph(world: World) -> None:
    with pytest.raises(WorkflowNotFound):
        world.backend.get_graph("0190b0a0-0000-7000-8000-000000000000")
    with pytest.raises(WorkflowNotFound):
        world.backend.get_graph("order/1")
