"""Who runs an undo when the run that did the step is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import BREAKS, Saga
from tests.support.world import World


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    engine = create_engine(request.getfixturevalue(request.param))
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


HANDLER = "shop.undo:refund"


@pytest.fixture
def orphaned(world: World) -> Saga:
    """A second run of the workflow did a step whose undo can be imported; the run was deleted since."""
    saga = Saga.start(world)
    key = saga.detail().summary.key
    gone = world.rows.add_run("intake")
    world.start(gone, key=key)
    relay = world.rows.add_task("intake", gone, "compensate", state=None)
    task, begun = world.begin(gone, "charge", compensation=CompensationDeclaration(HANDLER, max_attempts=1))
    world.succeed(begun, {"charge": 7})
    world.rows.delete_task(relay)
    world.rows.delete_task(task)
    return saga


def test_an_importable_undo_that_is_allowed_is_run_by_another_relay(
    orphaned: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__HANDLER_MODULES", "bank, shop")

    answer = orphaned.fail()

    assert answer.work is not None
    assert answer.work.handler == HANDLER
    assert orphaned.undo(answer) == ["charge"]
    assert orphaned.detail().summary.state is WorkflowState.COMPENSATED


def test_the_sweep_sets_the_other_relay_going(orphaned: Saga, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__HANDLER_MODULES", "shop.undo")
    orphaned.done("pack")
    task = orphaned.world.rows.add_task("intake", orphaned.run_id, BREAKS)
    orphaned.world.fail(orphaned.world.begin_as(task, BREAKS), "broken")
    orphaned.world.rows.set_task_state(task, "failed")
    orphaned.world.rows.set_task_state(orphaned.relay, "success")
    orphaned.world.rows.set_run_state("intake", orphaned.run_id, "failed")

    orphaned.world.sweep()

    again = orphaned.world.rows.find_task("intake", orphaned.run_id, "compensate")
    assert again is not None
    assert again[0] != orphaned.relay, "it was cleared"
    assert orphaned.undo(orphaned.ask()) == ["pack", "charge"]


@pytest.mark.parametrize("allowed", ["", "shop.undone", "bank"])
def test_otherwise_it_is_held_with_the_reason(orphaned: Saga, monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__HANDLER_MODULES", allowed)

    orphaned.fail()

    summary = orphaned.detail().summary
    assert summary.state is WorkflowState.COMPENSATION_FAILED
    assert summary.hold_reason is not None
    assert summary.hold_reason.endswith("nothing can undo step intake.charge.")
