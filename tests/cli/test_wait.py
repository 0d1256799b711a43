"""``airflow wfstate wait``, whose exit code scripts rely on."""

from __future__ import annotations

import json
import signal

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(engine))


def _complete(world: World, run_id: str) -> None:
    task = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(task, Payload.of(None)))


def test_it_waits_until_the_state_is_there(home: Home, world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, name="awaited").workflow
    command = home.start("wfstate", "wait", workflow.id, "--every", "1")
    assert command.stderr is not None
    assert command.stdout is not None
    assert command.stderr.readline() == f"awaited/{workflow.key}: running, 0 of 0\n", "a line, where no terminal is"

    _complete(world, run_id)

    assert command.wait(timeout=60) == 0
    assert command.stdout.read().startswith(f"awaited/{workflow.key} is succeeded after ")
    assert command.stderr.read() == ""
    command.stdout.close()
    command.stderr.close()


def test_a_state_that_is_there_already_is_not_waited_for(home: Home, world: World) -> None:
    workflow_id = world.start().workflow.id

    answer = home.wfstate("wait", workflow_id, "--for", "failed,running", "-o", "json")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout)["state"] == "running"


def test_the_time_is_over(home: Home, world: World) -> None:
    answer = home.wfstate("wait", world.start().workflow.id, "--timeout", "1s")

    assert answer.returncode == 124
    assert " is running after " in answer.stdout


@pytest.mark.parametrize("ends", ["cancelled", "held"])
def test_what_will_not_come_is_not_waited_for(home: Home, world: World, ends: str) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow.id
    if ends == "cancelled":
        home.wfstate("cancel", workflow_id, "--yes")
    else:
        task_id, begun = world.begin(run_id, "pay")
        world.fail(begun, "no money")
        world.rows.set_task_state(task_id, "failed")
        world.rows.set_run_state("intake", run_id, "failed")
        world.sweep()

    answer = home.wfstate("wait", workflow_id)

    assert answer.returncode == 3
    assert f" is {'cancelled' if ends == 'cancelled' else 'failed'} after " in answer.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("order/nobody",), "There is no workflow 'order' with the key 'nobody'."),
        (("order/007", "--for", "done"), "'done' is not a state of a workflow."),
        (("order/007", "--timeout", "soon"), "'soon' is not a duration."),
        (("order/007", "--every", "0"), "--every 0 is out of range."),
    ],
)
def test_bad_input_ends_with_a_sentence(home: Home, order_id: str, words: tuple[str, ...], reason: str) -> None:
    answer = home.wfstate("wait", *words)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason)


def test_a_terminal_gets_a_bar(home: Home, order_id: str) -> None:
    shown = home.wfstate_on_terminal("wait", "order/007", "--timeout", "1s")

    assert shown.returncode == 124
    assert "1/4" in shown.stdout
    assert "order/007  running" in shown.stdout


def test_ctrl_c_ends_it_without_a_traceback(home: Home, order_id: str) -> None:
    command = home.start("wfstate", "wait", "order/007")
    assert command.stderr is not None
    assert command.stdout is not None
    # Not the first line: while it starts, Airflow may print its own warning and swallow an interrupt.
    while "order/007" not in command.stderr.readline():
        assert command.poll() is None, "It ended before it waited."

    command.send_signal(signal.SIGINT)

    assert command.wait(timeout=60) == 130
    assert command.stderr.read() == ""
    command.stdout.close()
    command.stderr.close()
