"""What the database reads for an answer does not grow with the workflow; checked on PostgreSQL, by rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow import WorkflowQuery
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.reading.lists import workflow_filter
from tests.support.airflow_rows import AirflowRows
from tests.support.counted_reads import counted_reads
from tests.support.looked_at import rows_looked_at
from tests.support.wide_workflow import DAG, NAME, add_items
from tests.support.world import World

NARROW, WIDE = 600, 3000
"""Wide enough that PostgreSQL has a reason not to read whole tables."""


@pytest.fixture(scope="module")
def engine(migrated_postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(migrated_postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def workflows(engine: Engine) -> dict[int, str]:
    """The ids of a narrow and a wide workflow."""
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    found = {}
    for width in (NARROW, WIDE):
        run_id = world.rows.add_run(DAG)
        found[width] = world.start(run_id, name=f"looked-at-{width}", plan=[NAME]).workflow.id
        add_items(engine, found[width], run_id, width)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return found


READS: dict[str, Callable[[DatabaseBackend, str], object]] = {
    "a page of compensations": lambda backend, flow: backend.list_compensations(flow, limit=20),
    "whether it can be cancelled and undone": lambda backend, flow: backend.why_not_cancel(flow, compensate=True),
    "whether it can be undone": lambda backend, flow: backend.why_not_compensate(flow),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_it_looks_at_as_much_at_any_width(
    engine: Engine, workflows: dict[int, str], read: Callable[[DatabaseBackend, str], object]
) -> None:
    backend = DatabaseBackend(engine)

    narrow, wide = (rows_looked_at(engine, lambda flow=flow: read(backend, flow)) for flow in workflows.values())

    assert wide <= 1.3 * narrow
    assert narrow < NARROW


def test_a_page_that_lists_a_wide_workflow_again_does_not_count_it_again(
    engine: Engine, workflows: dict[int, str]
) -> None:
    backend = DatabaseBackend(engine)

    def listed() -> object:
        return backend.list_workflows(WorkflowQuery(correlation_id=workflows[WIDE]))

    first = rows_looked_at(engine, listed)
    again = rows_looked_at(engine, listed)

    assert again <= first - WIDE


def test_the_few_workflows_of_a_reader_are_found_without_the_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    rare = world.unique("rare")
    ids = [world.start(world.rows.add_run(rare), dag_id=rare).workflow.id for _ in range(3)]
    query = WorkflowQuery(readable_dag_ids=frozenset({rare}), states=[WorkflowState.RUNNING])

    with monkeypatch.context() as patched:
        patched.setattr(workflow_filter, "_FEW", 2)
        by_their_dags = world.backend.list_workflows(query)
    with counted_reads(engine) as reads:
        by_their_ids = world.backend.list_workflows(query)

    assert by_their_ids == by_their_dags
    assert sorted(row.id for row in by_their_ids.workflows) == ids
    in_order = [text for text in reads.statements if "ORDER BY wfstate_workflow.started_at" in text]
    assert len(in_order) == 1
    assert "wfstate_run" not in in_order[0]
