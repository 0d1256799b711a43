"""Receive events of services from a message queue. Each message is a CloudEvent in JSON.

Here the queue is a Redis channel (connection ``redis_default``). Another ``scheme`` of ``MessageQueueTrigger`` reads
from Kafka, SQS and others. Redis drops messages that are published while nobody listens: see docs/reference/events.md.
A definition lets this DAG send events for its services with ``users: ["dag:events_from_queue"]``. The DAG is paused
when it is created: define the connection, then unpause it.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger
from airflow.sdk import Asset, AssetWatcher, dag, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.operators.send_event import send_events

queue = MessageQueueTrigger(scheme="redis+pubsub", channels=["workflow-events"], poll_interval=1)
arrived = Asset("workflow-events", watchers=[AssetWatcher(name="workflow_events", trigger=queue)])


def event_in(text: str) -> dict[str, Any] | None:
    """Return the event in a message; None when the message is not a JSON object."""
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


@dag(schedule=[arrived], catchup=False, is_paused_upon_creation=True, tags=["wfstate"])
def events_from_queue() -> None:
    @task(retries=3)
    def receive(triggering_asset_events: Any = None) -> None:
        texts = [event.extra["payload"]["data"] for events in triggering_asset_events.values() for event in events]
        events = [event for text in texts if (event := event_in(text)) is not None]
        if events:
            send_events(events)
        if len(events) < len(texts):  # raised after sending the others, so that a bad message does not block them
            raise AirflowFailException(f"{len(texts) - len(events)} of {len(texts)} messages are not JSON objects.")

    receive()


events_from_queue()
