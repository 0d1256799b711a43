"""Actions on a whole workflow take as many statements for many steps as for few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from sqlalchemy import Engine, event

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.run_tasks import RunTask, RunTasks
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.serialized_dags import deploy
from tests.support.world import World

_DAG = "wide"
_WIDTHS = (4, 24)


def _wide(world: World, width: int, *, ends: Callable[[World, str, int], None]) -> str:
    """A workflow of one mapped step with so many items; its id.

    :param ends: what becomes of the task instance of an item, which has begun its step.
    """
    with DAG(_DAG, schedule=None) as dag:
        EmptyOperator(task_id="item") >> EmptyOperator(task_id="compensate")
    deploy(world.rows.engine, dag)
    run_id = world.rows.add_run(_DAG)
    workflow_id = world.start(run_id, dag_id=_DAG, on_failure=FailurePolicy.HOLD).workflow.id
    for number in range(width):
        task = world.rows.add_task(_DAG, run_id, "item", map_index=number)
        undo = CompensationDeclaration("task:item")
        begun = world.begin_as(task, "item", item_key=str(number), compensation=undo)
        if number % 2:
            world.succeed(begun, "done")
            world.rows.set_task_state(task, "success")
        else:
            ends(world, task, number)
    world.rows.add_task(_DAG, run_id, "compensate", state="success")
    return workflow_id


def _fail(world: World, task: str, number: int) -> None:
    world.fail(world.begin_as(task, "item", item_key=str(number), compensation=CompensationDeclaration("task:item")))
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))


def _kill(world: World, task: str, number: int) -> None:
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))


def _leave_running(world: World, task: str, number: int) -> None:
    world.rows.set_task_state(task, "running")


def _failed(world: World, width: int) -> str:
    workflow_id = _wide(world, width, ends=_fail)
    run = world.backend.get_workflow(workflow_id).runs[0]
    world.rows.set_run_state(_DAG, run.run_id, "failed")
    sweep(world.rows.engine)
    return workflow_id


def _count(engine: Engine, act: Callable[[], object]) -> int:
    statements: list[object] = []

    def listener(*arguments: object) -> None:
        statements.append(arguments)

    read_definition.cache_clear()  # otherwise only the first count includes reading the definition
    event.listen(engine, "before_cursor_execute", listener)
    act()
    event.remove(engine, "before_cursor_execute", listener)
    return len(statements)


@pytest.mark.parametrize("plan", ["plan_compensate", "plan_resume", "plan_cancel"])
def test_a_plan(world: World, engine: Engine, plan: str) -> None:
    counts = []
    for width in _WIDTHS:
        workflow_id = _failed(world, width)
        counts.append(_count(engine, lambda workflow_id=workflow_id: getattr(world.backend, plan)(workflow_id)))

    assert counts[0] == counts[1]


def test_a_cancel_ends_all_tasks_at_once(world: World, engine: Engine) -> None:
    counts = []
    for width in _WIDTHS:
        workflow_id = _wide(world, width, ends=_leave_running)
        cancel = CancelWorkflow(workflow_id, actor="user:test")
        counts.append(_count(engine, lambda cancel=cancel: world.backend.cancel_workflow(cancel)))

    assert counts[0] == counts[1]


def test_lost_steps_are_marked_at_once(world: World, engine: Engine) -> None:
    counts = []
    # The first pass also does what other tests have left behind.
    for width in (_WIDTHS[0], *_WIDTHS):
        workflow_id = _wide(world, width, ends=_kill)
        counts.append(_count(engine, lambda: sweep(engine)))
        states = {step.state for step in world.backend.get_workflow(workflow_id).steps}
        assert states == {StepState.LOST, StepState.SUCCEEDED}
        world.backend.cancel_workflow(CancelWorkflow(workflow_id, actor="user:test"))
        sweep(engine)

    assert counts[1] == counts[2]


def test_what_a_resume_clears_of_ten_thousand_items_is_found_in_one_pass() -> None:
    looked_at = 0

    class Counted(dict[str, frozenset[str]]):
        def get(self, key: str, default: frozenset[str] = frozenset()) -> frozenset[str]:  # type: ignore[override]
            nonlocal looked_at
            looked_at += 1
            return super().get(key, default)

    tasks = [RunTask(str(number), "item", number, "failed") for number in range(10_000)]
    tasks += [RunTask(f"after {number}", "after", number, "skipped") for number in range(10_000)]
    run = RunTasks(tasks, Counted(item=frozenset({"after"})))

    chosen = run.unfinished()

    assert len(chosen) == 20_000
    assert looked_at < 10
    assert run.find("item", 9_999) is tasks[9_999]
    assert run.find("item", 10_000) is None
