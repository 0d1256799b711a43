"""The contract of what a task did in a workflow besides its steps, and of the compensations of a run."""

from __future__ import annotations

from uuid import uuid4

import pytest

from airflow_wfstate.domain.messages.reading.pages import CompensationFilter
from airflow_wfstate.domain.messages.reading.task_activity import ReadTaskActivity, TaskActivity
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.exceptions import WorkflowNotFound
from tests.support.saga import Saga
from tests.support.world import World


def _kinds(activity: TaskActivity) -> list[str]:
    return [entry.kind.value for entry in activity.entries]


def test_a_start_and_a_completion_are_told_by_their_tasks(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    starter = world.journal(workflow_id)[0].actor.rpartition("/")[2]
    world.step_done(run_id, "one")
    complete = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of("done")))

    def activity_of(task_id: str, map_index: int = -1) -> TaskActivity:
        return world.backend.read_task_activity(ReadTaskActivity(workflow_id, "intake", run_id, task_id, map_index))

    assert _kinds(activity_of(starter)) == ["workflow.started", "run.linked"]
    assert _kinds(activity_of("complete")) == ["workflow.succeeded"]
    assert activity_of("complete", 0) == activity_of("nothing") == TaskActivity(is_relay=False, entries=[])


def test_a_relay_is_known_and_what_it_undoes(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two", "three")
    saga.undo(saga.fail(), fails=["two"])
    backend, workflow_id = world.backend, saga.workflow_id

    activity = backend.read_task_activity(ReadTaskActivity(workflow_id, "intake", saga.run_id, "compensate"))
    assert activity.is_relay
    assert "workflow.compensating" in _kinds(activity)

    def undone(*states: CompensationState, run_id: str | None = None) -> list[str]:
        wanted = CompensationFilter(list(states), None if run_id is None else "intake", run_id)
        return [item.step for item in backend.list_compensations(workflow_id, wanted=wanted).compensations]

    assert undone(CompensationState.FAILED) == ["intake.two"]
    assert undone(CompensationState.ARMED, CompensationState.DONE) == ["intake.three", "intake.one"]
    assert undone(run_id=saga.run_id) == undone() == ["intake.three", "intake.two", "intake.one"]
    assert undone(run_id="another") == []


def test_of_an_unknown_workflow_nothing_is_told(world: World) -> None:
    with pytest.raises(WorkflowNotFound):
        world.backend.read_task_activity(ReadTaskActivity(str(uuid4()), "intake", "x", "y"))
