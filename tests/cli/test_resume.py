"""``airflow wfstate resume`` and ``restart`` show what will happen, ask for confirmation, and do it."""

from __future__ import annotations

import getpass
import json

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.serialized_dags import bundle_version_of, deploy, pin, set_paused
from tests.support.shop import FULFILMENT, INTAKE, RELAY, Order, failed_order, intake_dag, succeeded_order
from tests.support.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(engine))


@pytest.fixture
def order(world: World) -> Order:
    """An order that failed at shipping."""
    return failed_order(world)


def _state(order: Order) -> WorkflowState:
    return order.world.state(order.workflow_id)


def test_the_plan_names_everything_and_changes_nothing(home: Home, order: Order, engine: Engine) -> None:
    set_paused(engine, FULFILMENT)
    answer = home.wfstate("resume", f"shop/{order.key}", "--plan", "-o", "plain")
    set_paused(engine, FULFILMENT, paused=False)

    assert (answer.returncode, answer.stderr) == (0, "")
    titles = [line for line in answer.stdout.splitlines() if line.endswith(":")]
    assert titles == [
        "Tasks that will be cleared:",
        "Relays that will also be cleared:",
        "Runs that will continue:",
        "Steps that will run:",
        "Finished steps that return their stored output:",
    ]
    assert "an upstream task failed" in answer.stdout
    assert f"{FULFILMENT}.ship" in answer.stdout
    assert f"airflow dags unpause {FULFILMENT}" in answer.stdout
    assert (_state(order), order.run_states()) == (WorkflowState.FAILED, ["failed", "failed"])


def test_the_plan_names_the_code_that_the_runs_have_and_the_latest(home: Home, order: Order, engine: Engine) -> None:
    deploy(engine, intake_dag(), bundle_version="1111111111111111")
    pin(engine, INTAKE, order.run_id)
    deploy(engine, intake_dag(extra_task="notify"), bundle_version="2222222222222222")

    plan = home.wfstate("resume", order.workflow_id, "--code", "latest", "--plan", "-o", "plain").stdout
    answer = home.wfstate("resume", order.workflow_id, "--code", "latest", "--yes")

    code = plan[plan.index("Code of runs") : plan.index("Steps that will run:")]
    assert "(111111111111)" in code
    assert "(222222222222)" in code
    assert "latest" in code
    assert f"{INTAKE} {order.run_id} notify added" in " ".join(code.split())
    assert answer.returncode == 0
    assert bundle_version_of(engine, INTAKE, order.run_id) == "2222222222222222"


def test_who_does_not_agree_changes_nothing(home: Home, order: Order) -> None:
    for typed, reason in (("n\n", "Nothing was changed."), ("", "Add --yes to skip the confirmation prompt.")):
        answer = home.wfstate("resume", order.workflow_id, answer=typed)
        assert answer.returncode == 1
        assert "Tasks that will be cleared:" in answer.stdout
        assert f"Resume the workflow shop/{order.key}? [y/N]" in answer.stderr
        assert reason in answer.stderr
    assert _state(order) is WorkflowState.FAILED


def test_who_agrees_resumes_and_the_journal_names_them(home: Home, order: Order) -> None:
    answer = home.wfstate("resume", order.workflow_id, "--reason", "carrier is back", "--deadline", "2h", answer="y\n")

    assert answer.returncode == 0, answer.stderr
    assert "It is running again: 3 tasks and 2 relays were cleared in 2 runs." in answer.stdout
    assert (_state(order), order.run_states()) == (WorkflowState.RUNNING, ["running", "running"])
    entry = order.world.journal(order.workflow_id)[-1]
    assert (entry.actor, entry.data["reason"]) == (f"cli:{getpass.getuser()}", "carrier is back")
    assert entry.data["deadline_seconds"] == 7200
    again = home.wfstate("resume", order.workflow_id, "--yes")
    assert again.returncode == 0
    assert "is running." in again.stdout


def test_for_programs_the_answer_is_json_alone(home: Home, order: Order) -> None:
    planned = json.loads(home.wfstate("resume", order.workflow_id, "--plan", "-o", "json").stdout)
    answer = home.wfstate("resume", order.workflow_id, "--yes", "-o", "json")

    assert (answer.returncode, answer.stderr) == (0, "")
    told = json.loads(answer.stdout)
    assert (told["changed"], told["cleared_tasks"], told["workflow"]["state"]) == (True, 3, "running")
    assert (planned["allowed"], planned["refusal"], len(planned["tasks"])) == (True, None, 3)


def test_a_restart_begins_with_the_named_step(home: Home, world: World) -> None:
    order = succeeded_order(world)

    answer = home.wfstate("restart", order.workflow_id, "--from", f"{INTAKE}.charge", "--yes", "-o", "plain")

    assert answer.returncode == 0, answer.stderr
    assert "runs again as round 2" in answer.stdout
    assert "triggers a new run" in answer.stdout
    assert (_state(order), order.run_states()) == (WorkflowState.RUNNING, ["running", "success"])
    assert order.states()[RELAY] is None


def test_what_is_done_has_nothing_to_resume(home: Home, world: World) -> None:
    order = succeeded_order(world)

    plan = home.wfstate("resume", order.workflow_id, "--plan")
    answer = home.wfstate("resume", order.workflow_id, "--yes")

    for text in (plan.stdout, answer.stdout):
        assert "has succeeded: nothing is unfinished." in text
        assert f"airflow wfstate restart {order.workflow_id} --from STEP" in text
    assert (plan.returncode, answer.returncode) == (0, 0)
    assert _state(order) is WorkflowState.SUCCEEDED


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["resume", "shop/nobody", "--yes"], "There is no workflow 'shop' with the key 'nobody'."),
        (["restart", "shop/nobody", "--from", "x", "--yes"], "There is no workflow 'shop' with the key 'nobody'."),
        (["resume", "shop/nobody", "--yes", "--deadline", "soon"], "'soon' is not a duration."),
    ],
)
def test_what_cannot_be_is_one_sentence_with_its_remedy(home: Home, words: list[str], reason: str) -> None:
    answer = home.wfstate(*words)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason)
    assert len(answer.stderr.splitlines()) == 1


def test_an_unknown_step_is_named_with_those_that_there_are(home: Home, order: Order) -> None:
    answer = home.wfstate("restart", order.workflow_id, "--from", "nothing", "--yes")

    assert answer.returncode == 1
    assert f"Steps that have begun: {FULFILMENT}.pack, {FULFILMENT}.ship, {INTAKE}.charge" in answer.stderr
