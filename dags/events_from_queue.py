"""Events of services that come by a message queue: each message is a CloudEvent in JSON.

Here the queue is a channel of Redis (connection ``redis_default``); another ``scheme`` of ``MessageQueueTrigger`` reads
from Kafka, SQS and others. Redis forgets what is published while nobody listens: see docs/reference/events.md.
A definition lets this DAG speak for its services: ``users: ["dag:events_from_queue"]``. It is paused when it is
new: define the connection, then unpause it.
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
    """The event that a message holds; None when it is no JSON object."""
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
        if len(events) < len(texts):  # told after the others were sent: one such message stops none of them
            raise AirflowFailException(f"{len(texts) - len(events)} of {len(texts)} messages are no JSON object.")

    receive()


events_from_queue()
