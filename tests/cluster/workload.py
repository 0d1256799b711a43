"""Workflows of every kind, submitted continuously, and the services that take part in them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count

import httpx

from demo.client import AirflowClient, Refused
from tests.cluster.effects import Effects
from tests.cluster.kinds import KINDS, Kind

TROUBLE = (Refused, httpx.HTTPError, KeyError, ValueError)
"""The errors that a client gets from a cluster whose parts are killed; the client then retries."""

_LIST_LIMIT = 200
_ENDED = frozenset({"succeeded", "compensated", "cancelled"})


@dataclass
class Order:
    """A workflow that was submitted.

    :param due: when its service answers, in seconds of the monotonic clock; infinite once it has answered.
    """

    key: str
    kind: Kind
    submitted_at: float
    due: float
    state: str = ""
    ended_at: float | None = None


@dataclass
class Workload:
    """Keeps some workflows open, in a separate thread, until it is told to stop.

    :param connect: creates a client of the proxy.
    :param open_at_most: the most workflows that may be open at a time.
    :param kinds: the kinds of the workflows.
    """

    connect: Callable[[], AirflowClient]
    effects: Effects
    choice: random.Random
    label: str
    open_at_most: int = 8
    kinds: Sequence[Kind] = KINDS
    orders: dict[str, Order] = field(default_factory=dict)
    _submitting: threading.Event = field(default_factory=threading.Event)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start submitting."""
        self._submitting.set()
        self._thread = threading.Thread(target=self._run, name="workload", daemon=True)
        self._thread.start()

    def submit_no_more(self) -> None:
        """Stop submitting; services continue to answer."""
        self._submitting.clear()

    def submit_all_kinds(self) -> list[Order]:
        """Submit one more workflow of each kind, all at once."""
        return [self._new_order(kind) for kind in self.kinds]

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def open_orders(self) -> list[Order]:
        """The workflows that have not ended, as far as is known."""
        return [order for order in list(self.orders.values()) if order.state not in _ENDED]

    def _run(self) -> None:
        pace = count()
        submitted: set[str] = set()
        with closing(self.connect()) as client:
            while not self._ending.wait(0.5):
                if self._submitting.is_set() and len(self.open_orders()) < self.open_at_most:
                    self._new_order(self.choice.choice(self.kinds))
                for order in self.open_orders():
                    if order.key not in submitted and _try(lambda order=order: _trigger(client, order)):
                        submitted.add(order.key)
                    elif order.due <= time.monotonic() and _try(lambda order=order: self._answer(client, order)):
                        order.due = float("inf")
                if next(pace) % 4 == 0:
                    _try(lambda: self._look(client))

    def _new_order(self, kind: Kind) -> Order:
        order = Order(
            key=f"{self.label}-{len(self.orders):04}-{kind.label}",
            kind=kind,
            submitted_at=time.time(),
            due=time.monotonic() + self.choice.uniform(0, 20),
        )
        self.orders[order.key] = order
        return order

    def _answer(self, client: AirflowClient, order: Order) -> bool:
        """Answer as the payment service or the vendor, and return whether that succeeded. A repeat counts once."""
        if order.kind.payment:
            verdict = client.send_event(
                f"{order.key}-payment",
                "https://payments.example/",
                f"com.example.payment.{order.kind.payment}",
                {"order_id": order.key, "reason": "The card has expired."},
            )
            return verdict != "refused"
        if order.kind.dag_id == "chaos_vendor":
            placed = [effect for effect in self.effects.of(order.key) if effect.what == "place"]
            if not placed:
                return False
            answer = httpx.post(placed[-1].detail, json={"price": 12}, timeout=30, trust_env=False)
            answer.raise_for_status()
        return True

    def _look(self, client: AirflowClient) -> bool:
        """Check which workflows have ended."""
        for line in client.workflows(limit=_LIST_LIMIT):
            order = self.orders.get(line["key"])
            if order is not None and line["name"] == order.kind.dag_id and order.state != line["state"]:
                order.state = line["state"]
                if order.state in _ENDED:
                    order.ended_at = time.time()
        return True


def _trigger(client: AirflowClient, order: Order) -> bool:
    conf: Mapping[str, object] = {"key": order.key, "fails": order.kind.fails}
    try:
        client.trigger(order.kind.dag_id, order.key, conf)
    except Refused as error:
        if " 409" not in str(error):  # the answer to an earlier try was lost
            raise
    return True


def _try(call: Callable[[], bool]) -> bool:
    try:
        return call()
    except TROUBLE:
        return False
