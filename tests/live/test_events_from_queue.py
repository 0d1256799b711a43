"""Service events from a message queue: Redis, Airflow's own AssetWatcher, and dags/events_from_queue.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.stage import Stage
from tests.support.redis_server import PROGRAM

pytest.importorskip("airflow.providers.common.messaging", reason="its providers have left Python 3.10 behind")
redis = pytest.importorskip("redis")

pytestmark = [pytest.mark.live, pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")]

_DAG = "events_from_queue"
_CHANNEL = "workflow-events"


def test_a_message_becomes_an_event_that_starts_a_workflow(stage: Stage, redis_port: int, dags_folder: Path) -> None:
    name, source = f"{stage.label}-queued", f"https://{stage.label}-queued.example/"
    stage.client.apply_definition(
        name,
        json.dumps(
            {
                "name": name,
                "key": "$.data.order_id",
                "starts_on": ["placed"],
                "participants": {
                    "shop": {
                        "sources": [source],
                        "users": [f"dag:{_DAG}"],
                        "events": {"placed": {"step": "place", "is": "succeeded", "output": "$.data"}},
                    }
                },
            }
        ),
    )
    stage.client.unpause(_DAG)
    (dags_folder / f"{_DAG}.py").touch()  # a watcher is registered when its file is next parsed
    queue = redis.Redis(port=redis_port)

    def publish(order_id: str) -> None:
        # Redis drops messages that are published while nobody listens.
        stage.wait_for("the watcher to listen", lambda: dict(queue.pubsub_numsub(_CHANNEL))[_CHANNEL.encode()] > 0)
        queue.publish(_CHANNEL, json.dumps(_placed(source, order_id)))

    for order_id in ("1", "2"):  # the watcher's trigger ends with each message, and starts again
        publish(order_id)
        workflow = stage.wait_for(f"the order {order_id}", lambda order_id=order_id: stage.workflow(name, order_id))
        (step,) = workflow["steps"]
        assert (step["participant"], step["name"], step["state"]) == ("shop", "place", "succeeded")
        assert json.loads(step["output"]["text"]) == {"order_id": order_id}


def _placed(source: str, order_id: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{order_id}-placed",
        "source": source,
        "type": "placed",
        "data": {"order_id": order_id},
    }
