"""Lists cache the counts of wide workflows, one version each; what they show is correct at every moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.store.reading.lists.kept_counts import KeptCounts
from airflow_wfstate.store.steps.counts import count_steps
from tests.support.airflow_rows import AirflowRows
from tests.support.counted_reads import counted_reads
from tests.support.wide_workflow import DAG, NAME, add_items
from tests.support.world import World

ITEMS = 500


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(request.getfixturevalue(f"migrated_{request.param}_url"))
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(engine))


def _wide(world: World, engine: Engine) -> tuple[str, str]:
    """The ids of a run and of its wide workflow."""
    run_id = world.rows.add_run(DAG)
    workflow_id = world.start(run_id, name=world.unique("kept"), plan=[NAME]).workflow.id
    add_items(engine, workflow_id, run_id, ITEMS)
    return run_id, workflow_id


def _listed(world: World, workflow_id: str) -> WorkflowSummary:
    (found,) = world.backend.list_workflows(WorkflowQuery(correlation_id=workflow_id)).workflows
    return found


def test_a_change_of_a_step_is_shown_at_once(world: World, engine: Engine) -> None:
    run_id, workflow_id = _wide(world, engine)
    before = _listed(world, workflow_id)
    _, begun = world.begin(run_id, "last")

    at_work = _listed(world, workflow_id)
    world.succeed(begun)
    done = _listed(world, workflow_id)

    assert (before.steps_done, before.steps_failed, before.steps_running) == (450, 50, 0)
    assert (at_work.steps_done, at_work.steps_running, at_work.current_step) == (450, 1, "last")
    assert (done.steps_done, done.steps_running, done.current_step) == (451, 0, None)


def test_what_has_not_changed_is_not_counted_again(world: World, engine: Engine) -> None:
    _, workflow_id = _wide(world, engine)

    with counted_reads(engine) as first:
        found = _listed(world, workflow_id)
    with counted_reads(engine) as again:
        assert _listed(world, workflow_id) == found

    assert len(again.statements) == len(first.statements) - 1


def test_a_page_mixes_what_is_kept_and_what_is_not(world: World, engine: Engine) -> None:
    kept = KeptCounts()
    wide = _wide(world, engine)[1]
    run_id = world.rows.add_run(DAG)
    narrow = world.start(run_id).workflow.id
    world.step_done(run_id, "only")

    with engine.connect() as connection:
        pages = [kept.of(connection, {wide: 1, narrow: 7}) for _ in range(2)]
        counted = count_steps(connection, [wide, narrow])

    assert pages == [counted, counted]


def test_the_failed_step_of_a_wide_workflow_at_rest_is_looked_for_once(world: World, engine: Engine) -> None:
    run_id, workflow_id = _wide(world, engine)
    task, begun = world.begin(run_id, "last")
    world.fail(begun, "no money")
    world.rows.set_task_state(task, "failed")
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))

    with counted_reads(engine) as first:
        found = _listed(world, workflow_id)
    with counted_reads(engine) as again:
        assert _listed(world, workflow_id) == found

    assert found.failed_step is not None
    assert found == world.backend.get_workflow(workflow_id).summary
    assert len(again.statements) < len(first.statements) - 1
