"""A log of a process, as process mining keeps them, replayed as events of the services that own its activities."""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

OWNERS: Final = {
    "place order": "shop",
    "cancel order": "shop",
    "send invoice": "billing",
    "send reminder": "billing",
    "confirm payment": "billing",
    "pay": "customer",
    "prepare delivery": "warehouse",
    "make delivery": "carrier",
}
"""Which service does which activity."""

PLAN: Final = ("place order", "send invoice", "pay", "prepare delivery", "make delivery", "confirm payment")
"""The parts of an order; reminders come as needed, and a cancelled order has failed."""

START: Final = "place order"
FAILS: Final = "cancel order"

_WINDOW: Final = 60
"""Events that are shuffled among each other."""

_TWICE: Final = 0.10
_LATE: Final = 0.05
_LATE_BY: Final = (200, 1500)
"""How many events arrive before one that is late, at least and at most."""

Event = dict[str, Any]


@dataclass(frozen=True)
class EventLog:
    """The activities of a log.

    :param name: of the workflows, one for each case.
    :param events: in the order of the log, each once.
    """

    name: str
    events: list[Event]

    @property
    def activities(self) -> dict[str, Counter[str]]:
        """How often each activity was done, by case."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for event in self.events:
            found[event["data"]["case"]][event["type"]] += 1
        return found

    def definition(self, users: list[str]) -> dict[str, Any]:
        """The definition of the process.

        :param users: who may send.
        """
        participants: dict[str, Any] = {}
        for activity, owner in OWNERS.items():
            service = participants.setdefault(owner, {"sources": [self.source(owner)], "users": users, "events": {}})
            service["events"][activity] = {"step": activity, "is": "failed" if activity == FAILS else "succeeded"}
        return {
            "name": self.name,
            "key": "$.data.case",
            "starts_on": [START],
            "plan": [f"{OWNERS[activity]}.{activity}" for activity in PLAN],
            "on_failure": "hold",
            "participants": participants,
        }

    def source(self, owner: str) -> str:
        """The events of a service."""
        return f"https://{self.name}.example/{owner}"

    def as_sent(self, choice: random.Random) -> list[Event]:
        """The events as they are sent: shuffled in a window, one in ten twice, one in twenty late."""
        places: list[tuple[float, Event]] = []
        for place, event in enumerate(self.events):
            moved = place + choice.uniform(0, _WINDOW)
            if choice.random() < _LATE:
                moved += choice.uniform(*_LATE_BY)
            places.append((moved, event))
            if choice.random() < _TWICE:
                places.append((place + choice.uniform(0, 2 * _WINDOW), event))
        return [event for _, event in sorted(places, key=lambda pair: pair[0])]


def read_log(path: Path, name: str) -> EventLog:
    """The log of a CSV file with the columns of XES: case, activity, and when it ended.

    :param name: of the workflows.
    """
    log = EventLog(name, [])
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["time:timestamp"])
    for number, row in enumerate(rows):
        activity = row["concept:name"]
        log.events.append(
            {
                "specversion": "1.0",
                "id": f"{row['case:concept:name']}-{number}",
                "source": log.source(OWNERS[activity]),
                "type": activity,
                "time": row["time:timestamp"].replace(" ", "T"),
                "data": {"case": row["case:concept:name"]},
            }
        )
    return log
