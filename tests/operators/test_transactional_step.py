"""TransactionalStepOperator on a real PostgreSQL, with both drivers: its writes are there once, or not at all."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate import TransactionalStepOperator
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import InvalidDag, InvalidPayload, ServerUnreachable, TransactionRefused, Unavailable
from airflow_wfstate.operators.steps.commit_marker import CREATE_TABLE, TABLE
from tests.support.bookings import BOOK, Bookings, connection_json
from tests.support.payload_options import new_key, payload_options


def test_sql_gives_the_rows_of_its_last_statement(bookings: Bookings) -> None:
    output = bookings.execute(
        sql=["INSERT INTO booking (who) VALUES (%(other)s)", BOOK],
        parameters={"who": "ann", "amount": Decimal("1.10"), "other": "bob"},
    )

    assert output == [{"who": "ann", "amount": Decimal("1.10")}]
    assert bookings.booked() == ["bob", "ann"]
    ((step, text, unfinished),) = bookings.markers()
    assert (step.endswith(".book"), json.loads(text)[0]["who"], unfinished) == (True, "ann", None)
    (stored,) = bookings.world.backend.get_workflow(bookings.workflow_id).steps
    assert stored.output is not None
    assert stored.output.text == text


def test_several_statements_in_one_text_and_none_with_rows(bookings: Bookings) -> None:
    assert bookings.execute(sql="SELECT 1 AS one; INSERT INTO booking (who) VALUES ('100%')") is None
    assert bookings.booked() == ["100%"]


def test_after_a_lost_end_the_marker_answers(bookings: Bookings) -> None:
    bookings.world.backend.ends_lost = 1  # type: ignore[attr-defined]  # LosesTheEnd
    with pytest.raises(ServerUnreachable):
        bookings.execute(python_callable=bookings.book)
    bookings.retry()

    assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1}

    assert bookings.calls == ["ann"]
    assert bookings.booked() == ["ann"]
    (step,) = bookings.world.backend.get_workflow(bookings.workflow_id).steps
    assert (step.state, len(step.attempts)) == (StepState.SUCCEEDED, 2)


def test_a_marker_is_encrypted_where_payloads_are(bookings: Bookings) -> None:
    bookings.world.backend.ends_lost = 1  # type: ignore[attr-defined]  # LosesTheEnd
    with payload_options(keys=[new_key()]):
        with pytest.raises(ServerUnreachable):
            bookings.execute(python_callable=bookings.book)
        ((_, text, _),) = bookings.markers()
        assert text.startswith("@fernet:")
        assert "ann" not in text
        bookings.retry()

        assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1}


def test_a_commit_whose_answer_is_lost_is_found(bookings: Bookings, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    class LosesTheAnswer:
        """A connection that breaks while the answer to its commit is on its way."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def commit(self) -> None:
            self._connection.commit()
            self._connection.close()
            raise ConnectionResetError("server closed the connection unexpectedly")

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    bookings.execute(sql=CREATE_TABLE)  # so that the only commit is the one of the step
    connect = PostgresHook.get_conn
    connections = iter([LosesTheAnswer, lambda connection: connection])
    monkeypatch.setattr(PostgresHook, "get_conn", lambda hook: next(connections)(connect(hook)))
    bookings.task = bookings.world.rows.next_try(bookings.task, state="success")  # a new round

    assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1}
    assert bookings.booked() == ["ann"]


@pytest.mark.parametrize("output", ["unstorable", "fails"])
def test_work_that_fails_leaves_neither_rows_nor_marker(bookings: Bookings, output: str) -> None:
    def fails(cursor: Any) -> object:
        bookings.book(cursor)
        if output == "unstorable":
            return object()
        cursor.execute("INSERT INTO booking (who) VALUES ('ann')")  # a second time
        return None

    with pytest.raises(InvalidPayload if output == "unstorable" else Exception, match=r"stored|duplicate key"):
        bookings.execute(python_callable=fails)

    assert (bookings.booked(), bookings.markers()) == ([], [])
    (step,) = bookings.world.backend.get_workflow(bookings.workflow_id).steps
    assert step.state is StepState.FAILED
    bookings.retry()
    assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 2}


def test_the_step_s_own_commit_or_rollback_is_refused(bookings: Bookings) -> None:
    def commits(cursor: Any) -> None:
        bookings.book(cursor)
        cursor.connection.commit()

    def commits_and_hides_it(cursor: Any) -> None:
        bookings.book(cursor)
        try:
            cursor.connection.commit()
        except Exception:
            return

    def rolls_back(cursor: Any) -> None:
        bookings.book(cursor)
        cursor.connection.rollback()
        bookings.book(cursor)

    wrong: list[dict[str, Any]] = [{"python_callable": work} for work in (commits, commits_and_hides_it, rolls_back)]
    insert = "INSERT INTO booking (who) VALUES ('ann')"
    wrong += [{"sql": [insert, statement]} for statement in ("COMMIT", "SET CONSTRAINTS ALL IMMEDIATE")]
    for options in wrong:
        with pytest.raises(TransactionRefused, match="ended the transaction itself"):
            bookings.execute(**options)
        assert (bookings.booked(), bookings.markers()) == ([], [])
        bookings.retry()


@pytest.mark.parametrize("driver", ["psycopg3"], indirect=True)  # psycopg2 accepts no such extra field
def test_an_autocommit_connection_is_refused(bookings: Bookings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BOOKINGS", connection_json(bookings.url, extra=json.dumps({"autocommit": True})))

    with pytest.raises(TransactionRefused, match="autocommit"):
        bookings.execute(python_callable=bookings.book)
    assert bookings.calls == []


@pytest.mark.parametrize("ends_well", [True, False])
def test_of_two_attempts_at_once_the_second_waits_for_the_first(bookings: Bookings, ends_well: bool) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(cursor: Any) -> object:
        output = bookings.book(cursor)
        inside.set()
        assert go_on.wait(30)
        if not ends_well:
            raise RuntimeError("too late")
        return output

    with ThreadPoolExecutor(2) as pool:
        zombie = pool.submit(bookings.execute, bookings.task, python_callable=slow)
        assert inside.wait(30)
        successor = pool.submit(bookings.execute, bookings.retry(), python_callable=bookings.book)
        try:
            _wait_until_one_waits(bookings)
        finally:
            go_on.set()
        output = successor.result(timeout=30)
        with pytest.raises(AirflowFailException if ends_well else RuntimeError, match=r"taken over|too late"):
            zombie.result(timeout=30)

    assert output == {"who": "ann", "call": 1 if ends_well else 2}
    assert bookings.booked() == ["ann"]
    assert len(bookings.markers()) == 1


def test_a_predecessor_that_never_ends_its_transaction_is_named(
    bookings: Bookings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_wfstate.operators.steps.commit_marker.PATIENCE_SECONDS", 1)
    inside, go_on = threading.Event(), threading.Event()

    def stopped(cursor: Any) -> None:
        bookings.book(cursor)
        inside.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        zombie = pool.submit(bookings.execute, bookings.task, python_callable=stopped)
        assert inside.wait(30)
        bookings.retry()
        try:
            with pytest.raises(Unavailable, match="has not ended its transaction"):
                bookings.execute(python_callable=bookings.book)
        finally:
            go_on.set()
        with pytest.raises(AirflowFailException):
            zombie.result(timeout=30)


def test_the_table_is_made_once_by_many_at_once(bookings: Bookings) -> None:
    tasks = []
    for number in range(4):
        run_id = bookings.world.rows.add_run("intake")
        bookings.world.start(run_id)
        tasks.append((bookings.world.rows.add_task("intake", run_id, "book"), f"guest-{number}"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: bookings.execute(one[0], sql=BOOK, parameters={"who": one[1], "amount": 1}), tasks))

    assert sorted(bookings.booked()) == [f"guest-{number}" for number in range(4)]
    assert len(bookings.markers()) == 4


def test_a_role_that_may_not_create_the_table_gets_the_ddl(bookings: Bookings, monkeypatch: pytest.MonkeyPatch) -> None:
    role = f"booker_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(bookings.url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        owner.execute(f"GRANT SELECT, INSERT ON booking TO {role}; GRANT USAGE ON booking_id_seq TO {role}")
        monkeypatch.setenv("AIRFLOW_CONN_BOOKINGS", connection_json(bookings.url, login=role, password="secret"))
        try:
            with pytest.raises(TransactionRefused) as refused:
                bookings.execute(python_callable=bookings.book)
            assert CREATE_TABLE in refused.value.remedy
            owner.execute(CREATE_TABLE)
            bookings.retry()
            with pytest.raises(TransactionRefused, match="may not write to the table wfstate_commit"):
                bookings.execute(python_callable=bookings.book)
            owner.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO {role}")
            bookings.retry()
            assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1}
        finally:
            owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_rerun_acts_again(bookings: Bookings) -> None:
    bookings.execute(python_callable=bookings.book)
    bookings.task = bookings.world.rows.next_try(bookings.task, state="success")

    assert bookings.execute(python_callable=bookings.book, op_kwargs={"who": "bob"}) == {"who": "bob", "call": 2}
    assert bookings.booked() == ["ann", "bob"]


@pytest.mark.parametrize("options", [{}, {"sql": "SELECT 1", "python_callable": print}])
def test_sql_or_a_function_is_wanted(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidDag, match="sql and python_callable"):
        TransactionalStepOperator(task_id="book", **options)


def _wait_until_one_waits(bookings: Bookings) -> None:
    """Wait until PostgreSQL reports that a session waits for another transaction."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(300):
        if bookings.rows(waiting)[0][0]:
            return
        threading.Event().wait(0.1)
    pytest.fail("The second attempt did not wait for the first.")
