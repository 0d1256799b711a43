"""A commit whose answer is lost is looked up; its outcome may stay unknown, but it is never called failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout
from packaging.version import Version

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import TransactionRefused, Unavailable
from airflow_wfstate.operators.steps.commit_inquiry import Inquiry
from airflow_wfstate.operators.steps.commit_marker import CREATE_TABLE, TABLE
from tests.support.bookings import Bookings, address, connection_json
from tests.support.cutting_proxy import CuttingProxy, cutting_proxy
from tests.support.postgres import PostgresServer


@pytest.fixture
def proxy(bookings: Bookings, monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingProxy]:
    """What is between the step and its database; the next commit loses its answer."""
    with psycopg.connect(bookings.url) as connection:
        connection.execute(CREATE_TABLE)  # so that the only commit is the one of the step
    with cutting_proxy(address(bookings.url)) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_BOOKINGS", connection_json(bookings.url, host="localhost", port=proxy.port))
        proxy.cuts = 1
        yield proxy


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_wfstate.operators.steps.commit_inquiry.PATIENCE_SECONDS", 1.0)


def state_and_attempts(bookings: Bookings) -> tuple[StepState, int]:
    (step,) = bookings.world.backend.get_workflow(bookings.workflow_id).steps
    return step.state, len(step.attempts)


def test_the_marker_answers_when_the_database_does_again(bookings: Bookings, proxy: CuttingProxy) -> None:
    assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1}
    assert proxy.cut.is_set()
    assert bookings.booked() == ["ann"]
    assert state_and_attempts(bookings) == (StepState.SUCCEEDED, 1)


def test_the_attempt_waits_for_a_database_that_comes_back(
    bookings: Bookings, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.refuses_after_cut = True
    pauses = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        proxy.is_down = len(pauses) < 3

    monkeypatch.setattr("airflow_wfstate.operators.steps.commit_inquiry.time.sleep", sleep)

    assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1}
    assert pauses == [0.2, 0.4, 0.8]
    assert state_and_attempts(bookings) == (StepState.SUCCEEDED, 1)


@pytest.mark.parametrize("carried_out", [True, False])
def test_without_the_database_it_is_lost_and_the_next_try_asks_the_marker(
    bookings: Bookings, proxy: CuttingProxy, impatient: None, carried_out: bool
) -> None:
    proxy.refuses_after_cut, proxy.carries_out = True, carried_out
    with pytest.raises(Unavailable, match=r"was lost .* cannot be asked"):
        bookings.execute(python_callable=bookings.book)
    (step,) = bookings.world.backend.get_workflow(bookings.workflow_id).steps
    assert step.state is StepState.LOST
    assert "cannot be asked whether it was carried out" in str(step.error)

    proxy.is_down = False
    bookings.retry()
    assert bookings.execute(python_callable=bookings.book) == {"who": "ann", "call": 1 if carried_out else 2}

    assert bookings.booked() == ["ann"]
    assert state_and_attempts(bookings) == (StepState.SUCCEEDED, 2)


def test_a_commit_that_was_not_carried_out_has_failed(bookings: Bookings, proxy: CuttingProxy) -> None:
    proxy.carries_out = False
    with pytest.raises(Exception, match="closed"):
        bookings.execute(python_callable=bookings.book)

    assert state_and_attempts(bookings) == (StepState.FAILED, 1)
    assert (bookings.booked(), bookings.markers()) == ([], [])


@pytest.mark.parametrize("end", [AirflowTaskTimeout, SystemExit])
def test_a_process_that_is_ended_in_its_commit_is_lost(
    bookings: Bookings, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    connect = Inquiry.connect

    class IsEnded:
        """A connection whose process is told to end after it has committed."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def commit(self) -> None:
            self._connection.commit()
            raise end

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    bookings.execute(sql=CREATE_TABLE)
    bookings.task = bookings.world.rows.next_try(bookings.task, state="success")  # a new round
    monkeypatch.setattr(Inquiry, "connect", lambda inquiry: IsEnded(connect(inquiry)))
    with pytest.raises(end):
        bookings.execute(python_callable=bookings.book)

    assert state_and_attempts(bookings) == (StepState.LOST, 2)
    assert bookings.booked() == ["ann"]


@pytest.mark.parametrize(
    "statement", ["SELECT 1 AS a, 2 AS b, 3 AS a", "INSERT INTO booking (who) VALUES ('ann') RETURNING who, who"]
)
def test_two_columns_of_one_name_are_an_error_before_anything_is_committed(bookings: Bookings, statement: str) -> None:
    with pytest.raises(TransactionRefused, match=r"several columns named (a|who)"):
        bookings.execute(sql=["INSERT INTO booking (who) VALUES ('bob')", statement])
    assert (bookings.booked(), bookings.markers()) == ([], [])
    assert state_and_attempts(bookings) == (StepState.FAILED, 1)


def test_a_round_that_was_undone_before_it_acted_never_acts(bookings: Bookings) -> None:
    inside: list[Inquiry] = []

    def is_undone_meanwhile(inquiry: Inquiry) -> Any:
        inside.append(inquiry)
        assert Inquiry(**vars(inquiry)).ask(closes=True) is None
        return connect(inquiry)

    connect = Inquiry.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inquiry, "connect", lambda inquiry: connect(inquiry) if inside else is_undone_meanwhile(inquiry))
        with pytest.raises(AirflowFailException, match="was undone before this attempt acted"):
            bookings.execute(python_callable=bookings.book)
    assert (bookings.calls, bookings.booked()) == ([], [])
    assert inside[0].ask(closes=True) is None  # asked again, it gives the same answer


@pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")
@pytest.mark.skipif(
    Version(airflow_version) < Version("3.3"),
    reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
)
@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("when", ["attempted", "completed"])
def test_the_undo_asks_the_marker(
    dags_folder: Any,
    backend: Any,
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    impatient: None,
    when: str,
    carried_out: bool,
) -> None:
    bag = DagBag(str(dags_folder / "transactions.py"))
    assert bag.import_errors == {}
    dag = bag.dags[f"lost_{when}"]
    module = dag.get_task("book").step_options.compensate.__globals__
    module["did"].clear()
    with postgres_server.database("transactions") as url, cutting_proxy(address(url)) as proxy:
        with psycopg.connect(url) as connection:
            connection.execute(CREATE_TABLE)
            connection.execute("CREATE TABLE booking (who text)")
        monkeypatch.setenv("AIRFLOW_CONN_BOOKINGS", connection_json(url, host="localhost", port=proxy.port))
        proxy.cuts, proxy.carries_out, proxy.refuses_after_cut = 1, carried_out, True
        module["after_failure"][0] = lambda: setattr(proxy, "is_down", False)

        run = dag.test()

        with psycopg.connect(url) as connection:
            (booked,) = connection.execute("SELECT count(*) FROM booking").fetchone() or (None,)
            ((output_type, text),) = connection.execute(f"SELECT output_type, output FROM {TABLE}").fetchall()  # noqa: S608
    (found,) = backend.list_workflows(WorkflowQuery(name=dag.dag_id, key_prefix=run.run_id)).workflows
    (step,) = backend.get_workflow(found.id).steps
    assert found.state is WorkflowState.COMPENSATED
    assert step.attempts[0].state is StepState.LOST
    nothing_to_undo = when == "completed" and not carried_out
    expected = CompensationState.NOT_NEEDED if nothing_to_undo else CompensationState.DONE
    assert step.compensations[0].state is expected
    if carried_out:
        assert (booked, json.loads(text)) == (1, [{"who": "ann"}])
        assert module["did"] == [[{"who": "ann"}]]
    else:
        assert (booked, output_type) == (0, "wfstate.undone")
        assert module["did"] == ([None] if when == "attempted" else [])
