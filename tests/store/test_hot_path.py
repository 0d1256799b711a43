"""The hot path on PostgreSQL, with each driver: what it leaves to Python transactions, and what an outage does."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, TextClause, create_engine, make_url, text

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import DatabaseNotMigrated, InvalidAttemptKey
from airflow_wfstate.store.database.stored_function_call import DRIVERS, StoredFunction, StoredFunctionCall
from airflow_wfstate.store.database.stored_functions import BEGIN_FIRST_ATTEMPT, END_RUNNING_ATTEMPT, HMAC_SHA256
from airflow_wfstate.store.database.transaction import Unchanged, run_transaction
from airflow_wfstate.store.migrations import functions_0020
from tests.support.airflow_rows import AirflowRows
from tests.support.counted_reads import counted_reads
from tests.support.postgres import PostgresServer
from tests.support.world import World

PATIENCE_SECONDS = 30
NAME = "hot-path"
"""The name under which the server knows the connections of the engine under test."""


def _engine(url: str, driver: str, **options: int) -> Engine:
    named = make_url(url).set(drivername=f"postgresql+{driver}").update_query_dict({"application_name": NAME})
    return create_engine(named, **options)


@pytest.fixture(params=DRIVERS)
def engine(request: pytest.FixtureRequest, migrated_postgres_url: str) -> Iterator[Engine]:
    """One connection, so that the next call finds what a call leaves behind."""
    engine = _engine(migrated_postgres_url, request.param, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture
def other_engine(migrated_postgres_url: str) -> Iterator[Engine]:
    """Connections of somebody else."""
    engine = create_engine(migrated_postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: Engine, other_engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(other_engine))


@pytest.fixture
def run_id(world: World) -> str:
    """A run that has started a workflow."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return run_id


_CUT_IDLE = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name AND state = 'idle'"
)
_CUT_WAITING = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name AND wait_event_type = 'Lock'"
)


def _cut(connection: Connection, statement: TextClause) -> int:
    """Cut the connections of the engine under test, as a server that stops does; return how many there were."""
    return len(connection.execute(statement, {"name": NAME}).all())


def test_an_idle_connection_that_was_cut_is_replaced(world: World, run_id: str, other_engine: Engine) -> None:
    _, begun = world.begin(run_id, "charge")
    with other_engine.connect() as connection:
        assert _cut(connection, _CUT_IDLE) >= 1

    world.succeed(begun, "receipt")

    _, again = world.begin(run_id, "charge")
    assert again.output == Payload.of("receipt")


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_database_that_cannot_be_reached_is_left_to_the_transaction(driver: str) -> None:
    engine = create_engine(f"postgresql+{driver}://nobody@127.0.0.1:1/nothing")
    assert StoredFunctionCall(engine)(BEGIN_FIRST_ATTEMPT, *(None for _ in BEGIN_FIRST_ATTEMPT.types)) is None


def test_a_call_that_is_cut_off_in_the_middle_is_carried_out_once(
    world: World, run_id: str, other_engine: Engine
) -> None:
    _, begun = world.begin(run_id, "charge")
    errors: list[BaseException] = []

    def end() -> None:
        try:
            world.succeed(begun, "receipt")
        except BaseException as error:
            errors.append(error)

    with other_engine.connect() as holder:
        # The call waits for the row, until its connection is cut.
        holder.execute(text("SELECT 1 FROM wfstate_workflow WHERE id = :id FOR UPDATE"), {"id": begun.workflow.id})
        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        with other_engine.connect() as administrator:
            _until(lambda: _cut(administrator, _CUT_WAITING) > 0)
    ending.join(PATIENCE_SECONDS)

    assert not ending.is_alive()
    assert errors == []
    assert world.told(begun.workflow.id).count("step.succeeded intake.charge") == 1


def _until(holds: Callable[[], bool]) -> None:
    finished = threading.Event()
    for _ in range(PATIENCE_SECONDS * 20):
        if holds():
            return
        finished.wait(0.05)
    raise AssertionError("waited in vain")


def test_what_a_call_leaves_behind_does_not_commit_the_next_transaction(
    world: World, run_id: str, engine: Engine
) -> None:
    _, begun = world.begin(run_id, "charge")

    def work(connection: Connection) -> Unchanged[str]:
        connection.execute(
            text("UPDATE wfstate_workflow SET error = 'not so' WHERE id = :id"), {"id": begun.workflow.id}
        )
        return Unchanged("rolled back")

    run_transaction(engine, work)

    assert world.backend.get_workflow(begun.workflow.id).summary.error is None


def test_a_refused_call_leaves_the_reason_to_the_transaction(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "charge")
    world.fail(begun, "no money")
    world.rows.set_task_state(task_instance_id, "failed")

    _, second = world.begin(run_id, "charge")

    assert second.decision is BeginDecision.RUN
    assert second.attempt == 2


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_database_without_the_functions_is_named(postgres_server: PostgresServer, driver: str) -> None:
    with postgres_server.database("bare") as url:
        engine = _engine(url, driver)
        backend = DatabaseBackend(engine)
        with pytest.raises(DatabaseNotMigrated, match="airflow db migrate"):
            backend.begin_step(BeginStep("0195d3a0-0000-7000-8000-000000000000", "charge"))
        engine.dispose()


def test_a_write_that_is_sent_again_after_a_restart_of_the_caller_is_recognised(
    world: World, run_id: str, engine: Engine
) -> None:
    """The stored function leaves it to the transaction, which compares it with what was applied."""
    _, begun = world.begin(run_id, "charge")
    end = EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, output=Payload.of("receipt"))
    first = world.backend.end_attempt(end)

    assert DatabaseBackend(engine).end_attempt(end) == first
    assert world.told(begun.workflow.id).count("step.succeeded intake.charge") == 1


def test_each_process_of_the_server_takes_the_hot_path(world: World, run_id: str, other_engine: Engine) -> None:
    """Behind a load balancer a step may end in another process than the one in which it began."""
    other = DatabaseBackend(other_engine)
    begun = [world.begin(run_id, f"charge-{number}")[1] for number in range(5)]

    with counted_reads(other_engine) as slow:
        for attempt in begun:
            key = attempt.attempt_key
            other.save_checkpoint(SaveCheckpoint(key, 1, "row", Payload.of(7)))
            other.save_record(SaveRecord(key, 2, "call", Payload.of("paid")))
            other.end_attempt(EndAttempt(key, 3, StepState.SUCCEEDED, output=Payload.of("receipt")))

    assert slow.statements == []  # a stored function is called by the driver's own cursor
    steps = world.backend.get_workflow(begun[0].workflow.id).steps
    assert [step.state for step in steps] == [StepState.SUCCEEDED] * 5


def test_a_key_that_another_workflow_signed_changes_nothing(world: World, run_id: str) -> None:
    _, begun = world.begin(run_id, "charge")
    world.start(other_run := world.rows.add_run("intake"))
    _, other = world.begin(other_run, "charge")
    key = f"{begun.attempt_key.rpartition('.')[0]}.{other.attempt_key.rpartition('.')[2]}"

    with pytest.raises(InvalidAttemptKey, match="not issued by this store"):
        world.backend.save_checkpoint(SaveCheckpoint(key, 1, "row", Payload.of(7)))
    with pytest.raises(InvalidAttemptKey, match="not issued by this store"):
        world.backend.save_record(SaveRecord(key, 1, "call", Payload.of(7)))
    with pytest.raises(InvalidAttemptKey, match="not issued by this store"):
        world.backend.end_attempt(EndAttempt(key, 1, StepState.SUCCEEDED, output=Payload.of("receipt")))

    workflow = world.backend.get_workflow(begun.workflow.id)
    assert [(step.state, step.checkpoints) for step in workflow.steps] == [(StepState.RUNNING, [])]
    assert world.told(begun.workflow.id) == ["workflow.started", "run.linked", "step.began intake.charge"]


@pytest.mark.parametrize(
    ("key", "data", "mac"),
    [  # RFC 4231, sections 4.2 to 4.5: its keys that are not longer than a block
        ("0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe".hex(),
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("aa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            bytes(range(1, 26)).hex(),
            b"\xcd" * 50,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
    ],
)
def test_the_databases_hmac_is_that_of_the_standard(other_engine: Engine, key: str, data: bytes, mac: str) -> None:
    assert _hmac(other_engine, key, data) == mac


def test_the_databases_hmac_is_that_of_python(other_engine: Engine) -> None:
    for length in range(200):
        key, data = secrets.token_bytes(32), secrets.token_bytes(length)
        assert _hmac(other_engine, key.hex(), data) == hmac.digest(key, data, "sha256").hex()


def _hmac(engine: Engine, key: str, data: bytes) -> str:
    value = StoredFunctionCall(engine)(HMAC_SHA256, key, data)
    assert isinstance(value, bytes | memoryview)
    return bytes(value).hex()


def test_an_older_process_ends_attempts_in_a_database_that_was_migrated(
    world: World, run_id: str, engine: Engine, other_engine: Engine
) -> None:
    """Servers are upgraded one by one: the function without an attempt key is called until the last one is upgraded."""
    _, begun = world.begin(run_id, "charge")
    older = StoredFunction(END_RUNNING_ATTEMPT.name, END_RUNNING_ATTEMPT.types[:-2])
    data = ("a" * 64, "succeeded", '"receipt"', "str", "b" * 64, None, "step.succeeded", "{}")
    try:
        with other_engine.begin() as connection:  # a new database does not have it
            connection.execute(text(functions_0020.BEFORE[0]))
        assert StoredFunctionCall(engine)(older, begun.workflow.id, begun.step_id, 1, 1, 1, *data) is True
    finally:
        with other_engine.begin() as connection:
            connection.execute(text(older.drop))

    assert world.backend.get_workflow(begun.workflow.id).steps[0].state is StepState.SUCCEEDED
