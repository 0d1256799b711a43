"""The contract of ``StateBackend.sweep`` and of the filter for stuck workflows."""

from __future__ import annotations

from uuid import uuid4

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.payload import Payload
from tests.support.world import World


@pytest.fixture
def forgotten(world: World) -> str:
    """The id of a workflow whose only run ended well without completing it."""
    run_id = world.rows.add_run("forgetful")
    task = world.rows.add_task("forgetful", run_id, "start")
    request = StartWorkflow(task, "forgotten", f"f-{uuid4().hex[:8]}", Payload.of({}))
    workflow_id = world.backend.start_workflow(request).workflow.id
    world.rows.set_task_state(task, "success")
    world.rows.set_run_state("forgetful", run_id, "success")
    return workflow_id


def _stuck(world: World) -> dict[str, tuple[Flag, ...]]:
    page = world.backend.list_workflows(WorkflowQuery(name="forgotten", stuck=True, limit=1000))
    return {workflow.id: tuple(workflow.flags) for workflow in page.workflows}


def test_what_is_stuck_is_listed_with_its_flag_until_it_is_so_no_more(world: World, forgotten: str) -> None:
    world.sweep()

    (flag,) = _stuck(world)[forgotten]
    assert flag.kind is FlagKind.NOT_COMPLETED
    assert flag.cause.startswith("Its runs ended well")
    assert flag.command == f"airflow wfstate cancel {forgotten}"
    assert flag.since.tzinfo is not None
    detail = world.backend.get_workflow(forgotten)
    assert tuple(detail.summary.flags) == (flag,)

    world.backend.cancel_workflow(CancelWorkflow(forgotten, actor="cli:ada"))
    world.sweep()

    assert forgotten not in _stuck(world)
    assert tuple(world.backend.get_workflow(forgotten).summary.flags) == ()


def test_a_flag_is_not_journaled_and_keeps_its_time(world: World, forgotten: str) -> None:
    before = world.journal(forgotten)
    world.sweep()
    first = _stuck(world)[forgotten]
    world.sweep()

    assert _stuck(world)[forgotten] == first
    assert world.journal(forgotten) == before


def test_the_filter_tells_the_stuck_from_the_others(world: World, forgotten: str) -> None:
    at_work = world.start(name="forgotten").workflow.id
    world.sweep()

    def listed(stuck: bool | None) -> set[str]:
        page = world.backend.list_workflows(WorkflowQuery(name="forgotten", stuck=stuck, limit=1000))
        return {workflow.id for workflow in page.workflows} & {forgotten, at_work}

    assert listed(None) == {forgotten, at_work}
    assert listed(True) == {forgotten}
    assert listed(False) == {at_work}
