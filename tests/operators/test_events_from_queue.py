"""The shipped DAG that turns messages into events; tests/live runs it with a queue."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowFailException

from tests.conftest import CHECKOUT


@pytest.fixture
def receive():
    pytest.importorskip("airflow.providers.common.messaging", reason="its providers have left Python 3.10 behind")
    bag = DagBag(str(CHECKOUT / "dags" / "events_from_queue.py"))
    return bag.dags["events_from_queue"].get_task("receive").python_callable


@pytest.fixture
def sent(receive, monkeypatch):
    sent = []
    monkeypatch.setitem(receive.__globals__, "send_events", sent.extend)
    return sent


def test_a_message_that_is_no_event_stops_none_of_those_beside_it(receive, sent):
    messages = ["no json", json.dumps({"id": "1"}), "[]", json.dumps({"id": "2"})]
    events = [SimpleNamespace(extra={"payload": {"data": message}}) for message in messages]
    with pytest.raises(AirflowFailException, match="2 of 4 messages are not JSON objects"):
        receive({"asset": events})
    assert sent == [{"id": "1"}, {"id": "2"}]
