"""Whether a workflow can be resumed: the answer agrees with its plan, and needs no plan if there is no doubt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.store.resume import why_not_resume
from tests.support.parcel import Declared, Parcel
from tests.support.serialized_dags import deploy, forget
from tests.support.shop import FULFILMENT, INTAKE, failed_order, intake_dag, open_order, succeeded_order
from tests.support.world import World

CHARGE, LABEL, CHARGE_CARD = Declared("charge"), Declared("label"), Declared("charge_card")


def _parcel(world: World, *steps: Declared, done: bool = True) -> str:
    """A failed workflow of the steps ``charge``, done or not, and ``label``, whose code now has these steps."""
    parcel = Parcel.start(world, CHARGE, LABEL)
    if done:
        parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(*steps)
    return parcel.workflow_id


def _undone(world: World) -> str:
    order = failed_order(world)
    world.backend.compensate_workflow(CompensateWorkflow(order.workflow_id))
    return order.workflow_id


def _without(world: World, *dag_ids: str, with_known_conf: bool = True) -> str:
    """A failed order whose runs of these DAGs are gone."""
    order = failed_order(world)
    for dag_id in dag_ids:
        order.delete_run(dag_id)
    if not with_known_conf:
        deploy(world.rows.engine, intake_dag(input={"order": "{{ params.order_id }}"}))
    return order.workflow_id


def _forgotten(world: World) -> str:
    order = failed_order(world)
    forget(world.rows.engine, FULFILMENT)
    return order.workflow_id


# Each with the words of the refusal, and whether a plan had to be made.
SCENES: dict[str, tuple[Callable[[World], str], str | None, bool]] = {
    "failed": (lambda world: failed_order(world).workflow_id, None, False),
    "running": (lambda world: open_order(world).workflow_id, "is running", False),
    "succeeded": (lambda world: succeeded_order(world).workflow_id, "has succeeded", False),
    "being undone, or undone": (_undone, "compensat", False),
    "its owner is gone": (lambda world: _without(world, INTAKE), None, False),
    "its owner is gone, and its conf": (
        lambda world: _without(world, INTAKE, with_known_conf=False),
        "so is its conf",
        False,
    ),
    "its child is gone": (lambda world: _without(world, FULFILMENT), None, False),
    "its DAG is forgotten": (_forgotten, f"Airflow no longer knows DAG {FULFILMENT}", True),
    "a step looks renamed": (lambda world: _parcel(world, CHARGE_CARD, LABEL), "looks like a rename", True),
    "a step is new": (lambda world: _parcel(world, CHARGE, LABEL, CHARGE_CARD), None, False),
    "a step is removed": (lambda world: _parcel(world, LABEL), None, False),
    "a step that never began is renamed": (lambda world: _parcel(world, CHARGE_CARD, LABEL, done=False), None, False),
}


@pytest.mark.parametrize(("scene", "words", "plans"), SCENES.values(), ids=SCENES)
def test_it_is_the_answer_of_the_plan(
    world: World, monkeypatch: pytest.MonkeyPatch, scene: Callable[[World], str], words: str | None, plans: bool
) -> None:
    workflow_id = scene(world)
    refusal = world.backend.plan_resume(workflow_id).refusal
    made: list[object] = []
    prepare = why_not_resume.prepare_resume
    monkeypatch.setattr(
        why_not_resume, "prepare_resume", lambda *arguments: made.append(arguments) or prepare(*arguments)
    )

    # The server creates the list of actions directly from its database.
    reason = DatabaseBackend(world.rows.engine).why_not_resume(workflow_id)

    assert reason == (None if refusal is None else f"{refusal.reason} {refusal.remedy}")
    assert (reason is None) if words is None else (words in (reason or ""))
    assert bool(made) is plans
