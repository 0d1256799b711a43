"""SendEventOperator sends the same event on each retry, and does not retry a refusal that would stay one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.operators.send_event import SendEventOperator, send_events
from tests.support.services import Shop


@pytest.fixture
def shop(migrated_sqlite_url, monkeypatch):
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(
        "airflow_wfstate.operators.send_event.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: backend),
    )
    yield Shop(backend).apply()
    engine.dispose()


def context_of(run_id: str) -> Any:
    return {"ti": SimpleNamespace(dag_id="feed", run_id=run_id, task_id="tell", map_index=-1)}


def test_a_retry_sends_the_same_event_and_another_run_another_one(shop: Shop) -> None:
    shop.send(shop.placed("1"))
    tell = SendEventOperator(
        task_id="tell",
        event_type="captured",
        source=shop.source("payments"),
        data={"order_id": "1", "amount": 3},
        attributes={"subject": "an order"},
    )

    first, again = tell.execute(context_of("run-1")), tell.execute(context_of("run-1"))
    other = tell.execute(context_of("run-2"))

    assert (first["verdict"], first["step"]) == ("applied", "payments.capture")
    assert (again["verdict"], other["verdict"]) == ("duplicate", "applied")
    (step,) = [step for step in shop.find("1").steps if step.name == "capture"]
    assert step.round == 2


def test_a_refused_event_fails_the_task_for_good_and_the_others_are_received(shop: Shop) -> None:
    with pytest.raises(AirflowFailException, match=r"1 of 2 events were refused.*No definition names the source"):
        send_events([{**shop.placed("1"), "source": "urn:nobody"}, shop.placed("1")])

    assert shop.generations("1") == ["running"]


@pytest.mark.parametrize("option", ["event_id", "correlation_id", "event_type", "source"])
@pytest.mark.parametrize("blank", ["", " "])
def test_an_option_that_renders_to_nothing_is_refused_and_not_taken_for_none(
    shop: Shop, option: str, blank: str
) -> None:
    shop.send(shop.placed("1"))
    options: dict[str, Any] = {"event_type": "captured", "source": shop.source("payments"), "data": {"order_id": "1"}}
    tell = SendEventOperator(task_id="tell", **{**options, option: blank})

    with pytest.raises(AirflowFailException, match="1 of 1 events were refused"):
        tell.execute(context_of("run-1"))

    assert [step.name for step in shop.find("1").steps if step.name == "capture"] == []
