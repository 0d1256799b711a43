"""The cost of a read follows its answer: the same for a workflow with 20 items as for one with 400."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.all_steps import all_steps
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.reading.pages import StepFilter
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import StepState
from tests.support.airflow_rows import AirflowRows
from tests.support.counted_reads import CountedReads, counted_reads
from tests.support.wide_workflow import DAG, NAME, add_items
from tests.support.world import World

NARROW, WIDE = 20, 400
Read = Callable[[DatabaseBackend, str], object]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(request.getfixturevalue(f"migrated_{request.param}_url"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def workflows(engine: Engine) -> dict[int, str]:
    """The ids of a narrow and a wide workflow."""
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    return {width: wide_workflow(world, engine, width) for width in (NARROW, WIDE)}


def wide_workflow(world: World, engine: Engine, items: int, *, bytes_each: int = 50) -> str:
    run_id = world.rows.add_run(DAG)
    workflow_id = world.start(run_id, name=f"wide-{items}", plan=[NAME, "last"]).workflow.id
    add_items(engine, workflow_id, run_id, items, bytes_each=bytes_each)
    return workflow_id


def counted(engine: Engine, read: Read, workflow_id: str) -> CountedReads:
    with counted_reads(engine) as found:
        read(DatabaseBackend(engine), workflow_id)
    return found


READS: dict[str, Read] = {
    "authorization": lambda backend, flow: backend.read_access(flow),
    "the list": lambda backend, flow: backend.list_workflows(WorkflowQuery(correlation_id=flow)),
    "the detail without steps": lambda backend, flow: backend.get_workflow(flow, step_limit=0),
    "the detail": lambda backend, flow: backend.get_workflow(flow, step_limit=10),
    "the graph": lambda backend, flow: backend.get_graph(flow),
    "the density": lambda backend, flow: backend.read_density(flow),
    "a page of steps": lambda backend, flow: backend.list_steps(flow, limit=10),
    "a page of failed items": lambda backend, flow: backend.list_steps(
        flow, limit=1, wanted=StepFilter(DAG, NAME, states=[StepState.FAILED])
    ),
    "the steps of a task": lambda backend, flow: backend.list_steps(
        flow, wanted=StepFilter(DAG, task_id=NAME, map_index=7)
    ),
    "a page of the journal": lambda backend, flow: backend.read_journal(flow, limit=10),
    "a page of compensations": lambda backend, flow: backend.list_compensations(flow, limit=10),
    "whether it can be resumed": lambda backend, flow: backend.why_not_resume(flow),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_it_costs_the_same_at_any_width(engine: Engine, workflows: dict[int, str], read: Read) -> None:
    narrow, wide = (counted(engine, read, workflows[width]) for width in (NARROW, WIDE))

    assert wide.cost == narrow.cost
    assert wide.rows < 100


def test_authorization_reads_three_statements_and_a_row_for_each_dag(engine: Engine, workflows: dict[int, str]) -> None:
    assert counted(engine, READS["authorization"], workflows[WIDE]).cost == (3, 3)


def test_no_value_is_read_to_tell_its_size(engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    workflow_id = wide_workflow(world, engine, 3, bytes_each=100_000)

    found = counted(engine, lambda backend, flow: backend.list_steps(flow), workflow_id)
    (step, *_) = world.backend.list_steps(workflow_id).steps

    assert [checkpoint.size for checkpoint in step.checkpoints] == [100_002]
    assert found.characters < 3 * 100_002 + 20_000, "the three outputs, and not the three checkpoints"


def test_pages_meet_every_item_once(engine: Engine, workflows: dict[int, str]) -> None:
    backend = DatabaseBackend(engine)
    page = backend.list_steps(workflows[NARROW], limit=7)
    keys = [step.item_key for step in page.steps]
    while page.next_after is not None:
        page = backend.list_steps(workflows[NARROW], page.next_after, limit=7)
        keys += [step.item_key for step in page.steps]

    assert keys == [f"{number:05}" for number in range(NARROW)]
    assert [step.item_key for step in all_steps(backend, workflows[NARROW])] == keys


def test_a_mapped_step_is_one_row_and_progress_counts_its_items(engine: Engine, workflows: dict[int, str]) -> None:
    detail = DatabaseBackend(engine).get_workflow(workflows[WIDE], step_limit=5)

    (group,) = detail.step_groups
    assert (group.called.label, group.is_mapped, group.items, group.attempts) == (f"{DAG}.{NAME}", True, WIDE, WIDE)
    assert group.by_state == {StepState.SUCCEEDED: 360, StepState.FAILED: 40}
    assert (group.state, group.error) == (StepState.FAILED, "no such item")
    assert group.compensation is None
    assert (detail.progress.failed, detail.progress.remaining) == ([NAME], ["last"])
    summary = detail.summary
    assert (summary.steps_done, summary.steps_failed, summary.steps_total) == (360, 40, WIDE + 1)
    assert len(detail.steps) == 5
    further = DatabaseBackend(engine).list_steps(workflows[WIDE], detail.next_steps, limit=1)
    assert further.steps[0].item_key == "00005"
