"""Events of services that come by a message queue: each message is a CloudEvent in JSON.

Here the queue is a channel of Redis (connection ``redis_default``); another ``scheme`` of ``MessageQueueTrigger`` reads
from Kafka, SQS and others. A definition lets this DAG speak for its services: ``users: ["dag:events_from_queue"]``. It
is paused when it is new: define the connection, then unpause it.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger
from airflow.sdk import Asset, AssetWatcher, dag, task

from airflow_wfstate.operators.send_event import send_events

queue = MessageQueueTrigger(scheme="redis+pubsub", channels=["workflow-events"], poll_interval=1)
arrived = Asset("workflow-events", watchers=[AssetWatcher(name="workflow_events", trigger=queue)])


@dag(schedule=[arrived], catchup=False, is_paused_upon_creation=True, tags=["wfstate"])
def events_from_queue() -> None:
    @task(retries=3)
    def receive(triggering_asset_events: Any = None) -> None:
        came = [event for events in triggering_asset_events.values() for event in events]
        send_events([json.loads(event.extra["payload"]["data"]) for event in came])

    receive()


events_from_queue()
