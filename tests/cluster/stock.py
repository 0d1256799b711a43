"""A stock service that survives a killed Airflow: it acts and accepts first, then reports until it is heard."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from queue import Queue

from demo.client import AirflowClient
from tests.cluster.workload import TROUBLE
from tests.support.webhook_receiver import Answer, Delivery, Receiver

_ANSWERS = {"wfstate.workflow.started": "reserved", "com.example.stock.release_requested": "released"}


@dataclass
class Stock:
    """Acts once for each event, accepts it, and reports until Airflow has accepted the report.

    :param connect: creates a client of the proxy.
    """

    connect: Callable[[], AirflowClient]
    _done: dict[str, tuple[str, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _to_say: Queue[Delivery] = field(default_factory=Queue)

    def start(self, receiver: Receiver) -> None:
        """Answer the deliveries to a receiver."""
        receiver.answer = self._accept
        threading.Thread(target=self._say, name="stock", daemon=True).start()

    def effects(self) -> dict[str, Counter[str]]:
        """How often each thing was done, for each workflow's key."""
        with self._lock:
            done = list(self._done.values())
        found: dict[str, Counter[str]] = {}
        for key, what in done:
            found.setdefault(key, Counter())[what] += 1
        return found

    def _accept(self, delivery: Delivery) -> Answer:
        event = delivery.event
        if event["type"] in _ANSWERS and not delivery.path.endswith("/audit"):
            with self._lock:
                key = str(event["subject"]).partition("/")[2]
                self._done.setdefault(event["id"], (key, _ANSWERS[event["type"]]))
            self._to_say.put(delivery)
        return 204, ""

    def _say(self) -> None:
        with closing(self.connect()) as client:
            while True:
                event = self._to_say.get().event
                while not self._said(client, event["id"], _ANSWERS[event["type"]], event["correlationid"]):
                    threading.Event().wait(1)

    def _said(self, client: AirflowClient, event_id: str, what: str, correlation_id: str) -> bool:
        try:
            verdict = client.send_event(
                f"re-{event_id}",
                "https://stock.example/",
                f"com.example.stock.{what}",
                {},
                correlationid=correlation_id,
            )
        except TROUBLE:
            return False
        return verdict != "refused"
