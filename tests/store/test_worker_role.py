"""The database role that docs/reference/security.md gives to workers of the postgres way: enough for them, and no more.

The statements are taken from that page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TurnDecision
from airflow_wfstate.domain.messages.record import ReadRecords, SaveRecord
from airflow_wfstate.domain.messages.step import BeginDecision, EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.messages.token import CreateToken
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import AccessDenied
from tests.conftest import CHECKOUT
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import Saga
from tests.support.services import Shop
from tests.support.undo_requests import undo_requests
from tests.support.waiting import Watch, for_workflow
from tests.support.world import World

_PAGE = (CHECKOUT / "docs" / "reference" / "security.md").read_text(encoding="utf-8")
_ROLE = "wfstate_worker"


def _statements() -> str:
    found = re.search(r"```sql\n(.*?)```", _PAGE, re.DOTALL)
    assert found is not None, "docs/reference/security.md has no SQL."
    return found.group(1)


@pytest.fixture(scope="module")
def role_engine(migrated_postgres_url: str) -> Iterator[Engine]:
    """As the role that the page's statements create, under a name of this test."""
    role, password = f"{_ROLE}_{uuid4().hex[:8]}", uuid4().hex
    owner = create_engine(migrated_postgres_url)
    with owner.begin() as connection:
        connection.execute(text(_statements().replace("'...'", f"'{password}'").replace(_ROLE, role)))
    engine = create_engine(make_url(migrated_postgres_url).set(username=role, password=password))
    yield engine
    engine.dispose()
    with owner.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {role}; DROP ROLE {role}"))
    owner.dispose()


@pytest.fixture
def world(role_engine: Engine, migrated_postgres_url: str) -> Iterator[World]:
    """A backend with the role; only Airflow itself writes Airflow's rows."""
    airflow = create_engine(migrated_postgres_url)
    yield World(DatabaseBackend(role_engine, is_server=False), AirflowRows(airflow))
    airflow.dispose()


def test_the_life_of_a_workflow(world: World) -> None:
    run_id = world.rows.add_run("intake")
    wish = StartWorkflow(
        world.rows.add_task("intake", run_id, "start"),
        "order",
        world.unique("key"),
        encode({}),
        plan=["pay", "wait"],
        participants=["ledger"],
        idempotency_key=world.unique("idempotency"),
    )
    started = world.backend.start_workflow(wish)
    assert world.backend.start_workflow(wish).workflow.id == started.workflow.id

    undo = CompensationDeclaration("task:pay")
    task, lost = world.begin(run_id, "pay", compensation=undo)
    retry = world.rows.next_try(task)
    begun = world.begin_as(retry, "pay", compensation=undo)
    assert (begun.attempt, begun.round) == (lost.attempt + 1, 1)
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "half", encode(1)))
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "half", encode(2)))
    world.backend.save_record(SaveRecord(begun.attempt_key, 3, "call", encode("answer")))
    assert len(world.backend.read_records(ReadRecords(begun.attempt_key)).records) == 1
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 4, "parcels", world.unique("child")))
    world.succeed(begun, "paid", write=5)
    world.rows.set_task_state(retry, "success")
    cleared = world.rows.next_try(retry, state="success")
    again = world.begin_as(cleared, "pay", compensation=undo)
    assert (again.decision, again.round) == (BeginDecision.RUN, 2)
    world.fail(again)
    world.rows.set_task_state(cleared, "failed")
    world.succeed(world.begin_as(world.rows.next_try(cleared), "pay", compensation=undo), "paid again")

    waiting, deferred = world.begin(run_id, "wait")
    world.backend.end_attempt(EndAttempt(deferred.attempt_key, 1, StepState.WAITING))
    world.backend.end_attempt(EndAttempt(world.begin_as(waiting, "wait").attempt_key, 2, StepState.SKIPPED))

    guest = world.rows.add_run("ledger")
    booking = world.rows.add_task("ledger", guest, "start")
    world.backend.start_workflow(replace(wish, task_instance_id=booking, idempotency_key=None))
    world.step_done(guest, "book", dag_id="ledger")

    implicit = world.rows.add_run("alone")
    world.step_done(implicit, "work", dag_id="alone")

    assert world.backend.get_workflow(started.workflow.id).steps
    assert world.backend.list_workflows(WorkflowQuery(key=wish.key)).workflows
    assert "step.succeeded intake.pay" in world.told(started.workflow.id)
    assert "postgresql answered" in world.backend.check()


def test_a_workflow_is_completed(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    world.step_done(run_id, "pay")
    end = CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), encode("done"))
    assert world.backend.complete_workflow(end).workflow.state is WorkflowState.SUCCEEDED


def test_a_task_waits_and_makes_a_token(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    watch = Watch(world, for_workflow(key, "running"))
    assert watch.register().outcome is None
    world.start(run_id, key=key)
    assert watch.has_ended()
    _, begun = world.begin(run_id, "ask")
    request = CreateToken(begun.attempt_key, 1, "callback", "0" * 64, 60)
    assert world.backend.create_token(request).wait.outcome is None


def test_what_was_marked_by_hand_is_accepted_though_the_audit_table_may_not_be_read(world: World) -> None:
    saga = Saga.start(world)
    task, _ = world.begin(saga.run_id, "hangs")
    world.rows.mark_task(task, "success")
    end = CompleteWorkflow(world.rows.add_task("intake", saga.run_id, "complete"), encode("done"))

    assert world.backend.complete_workflow(end).workflow.state is WorkflowState.SUCCEEDED

    entry = next(entry for entry in world.journal(saga.workflow_id) if entry.kind.value == "step.skipped")
    assert entry.data["person"] == "somebody"


def test_a_failed_step_above_leaves_that_did_not_fail_is_left_to_the_sweep(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    task, begun = world.begin(saga.run_id, "bad")
    world.fail(begun)
    world.rows.set_task_state(task, "failed")
    assert saga.ask().decision is TurnDecision.NOTHING
    world.rows.set_task_state(saga.relay, "success")
    world.rows.set_run_state("intake", saga.run_id, "success")

    DatabaseBackend(world.rows.engine).sweep()

    assert saga.detail().summary.state is WorkflowState.COMPENSATING


def test_a_relay_undoes_and_hands_over(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two")
    assert saga.undo(saga.fail()) == ["two", "one"]
    assert saga.detail().summary.state is WorkflowState.COMPENSATED

    held = Saga.start(world)
    held.done("one")
    held.undo(held.fail(), fails=["one"])
    assert held.detail().summary.state is WorkflowState.COMPENSATION_FAILED

    run_id, guest = world.rows.add_run("intake"), world.rows.add_run("ledger")
    key = world.unique("key")
    started = world.start(run_id, key=key, participants=["ledger"])
    world.start(guest, dag_id="ledger", key=key)
    world.rows.add_task("ledger", guest, "compensate", state=None)
    world.step_done(guest, "book", dag_id="ledger", undo="task:book")
    relay = world.rows.add_task("intake", run_id, "compensate", state=None)
    answer = Saga(world, started.workflow.id, run_id, relay).fail()
    assert answer.decision is TurnDecision.HANDED_OVER


def test_a_relay_asks_a_service_which_answers(world: World) -> None:
    server = replace(world, backend=DatabaseBackend(world.rows.engine))
    shop = Shop(server.backend, plan=["payments.capture"], on_failure="compensate", within="PT1H").apply()
    sender = replace(shop, backend=world.backend)
    with undo_requests(server, shop, "payments") as requests:
        run_id = world.rows.add_run("intake")
        started = world.start(run_id, name=shop.name, key="1")
        sender.send(shop.event("payments", "captured", "1"))
        relay = world.rows.add_task("intake", run_id, "compensate", state=None)
        assert Saga(world, started.workflow.id, run_id, relay).fail().decision is TurnDecision.HANDED_OVER
        assert len(requests.sent("payments")) == 1

        sender.send(shop.event("payments", "refunded", "1"))

        assert shop.find("1").summary.state is WorkflowState.COMPENSATED
        assert requests.sent("payments") == []


def test_what_only_a_server_does_is_refused(world: World) -> None:
    with pytest.raises(AccessDenied, match="connection of type postgres"):
        world.backend.sweep()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wfstate_journal SET actor = 'somebody else'",
        "DELETE FROM wfstate_journal",
        "DELETE FROM wfstate_workflow",
        "UPDATE wfstate_record SET is_error = true",
        "UPDATE wfstate_token SET used_at = NULL",
        "UPDATE wfstate_definition SET content = '{}'",
        "DELETE FROM wfstate_sweep",
        "UPDATE wfstate_alembic_version SET version_num = 'x'",
        "UPDATE task_instance SET state = 'success'",
        "UPDATE dag_run SET state = 'success'",
        "SELECT * FROM connection",
        "SELECT * FROM variable",
        "SELECT * FROM xcom",
        "SELECT * FROM log",
    ],
)
def test_the_role_may_do_no_more(role_engine: Engine, statement: str) -> None:
    with role_engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))
