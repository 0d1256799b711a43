"""Send the letters of a batch: in order within each workflow, several workflows at once, and not to a receiver that is
unavailable.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from airflow_wfstate.domain.rules.webhooks.delivery_schedule import AWAY_AFTER
from airflow_wfstate.store.delivery.letter import CONTENT_TYPE, Letter
from airflow_wfstate.webhooks.sender import Result, Sender
from airflow_wfstate.webhooks.signature import signed_headers

_AT_ONCE: Final = 4
"""Workflows whose letters are sent to one receiver at once."""


@dataclass(frozen=True)
class Sent:
    """The results for the letters of one lane: a workflow's, or one event of its own.

    :param accepted: how many were accepted, from the first on.
    :param refused: the next one, if it was sent and not accepted; None if it was not sent, or there is none.
    :param result: the result for that one.
    """

    lane: str
    letters: Sequence[Letter]
    accepted: int
    refused: Letter | None = None
    result: Result | None = None

    @property
    def not_sent(self) -> Sequence[Letter]:
        """The letters that were not attempted."""
        return self.letters[self.accepted + (self.refused is not None) :]


class Streak:
    """Consecutive failures of the receiver itself: after enough of them, sending to it stops.

    :param failures: the failures of earlier batches.
    """

    def __init__(self, failures: int) -> None:
        self._lock = threading.Lock()
        self._has_ended = failures >= AWAY_AFTER
        self._is_trial = self._has_ended
        self.failures = failures
        self.is_gone = False
        self.wait = timedelta(0)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be sent for now."""
        return self._has_ended and not self._is_trial

    def add(self, result: Result) -> None:
        """Count the result of an attempt."""
        with self._lock:
            self._is_trial = False
            if result.is_accepted or not result.is_about_receiver:
                self.failures = 0
                self._has_ended = result.is_gone
                self.is_gone = self.is_gone or result.is_gone
                return
            self.failures += 1
            if result.wait is not None:  # the receiver itself asks for a pause
                self.failures, self.wait = max(self.failures, AWAY_AFTER), max(self.wait, result.wait)
            self._has_ended = self.failures >= AWAY_AFTER


def send_all(
    sender: Sender, letters: Sequence[Letter], secrets: Sequence[str], streak: Streak, may_go_on: Callable[[], bool]
) -> list[Sent]:
    """Send the letters, and return the results for each workflow.

    :param may_go_on: called before each letter; if it raises, everything ends.
    """
    by_lane: defaultdict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        by_lane[letter.lane].append(letter)
    for its_letters in by_lane.values():
        its_letters.sort(key=lambda letter: letter.number)

    def send(item: tuple[str, list[Letter]]) -> Sent:
        lane, its_letters = item
        for number, letter in enumerate(its_letters):
            if streak.has_ended or not may_go_on():
                return Sent(lane, its_letters, number)
            result = _send(sender, letter, secrets)
            streak.add(result)
            if not result.is_accepted:
                return Sent(lane, its_letters, number, letter, result)
        return Sent(lane, its_letters, len(its_letters))

    if len(by_lane) == 1:
        return [send(item) for item in by_lane.items()]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wfstate-webhook") as threads:
        return list(threads.map(send, by_lane.items()))


def _send(sender: Sender, letter: Letter, secrets: Sequence[str]) -> Result:
    headers = signed_headers(letter.event_id, letter.body, secrets, datetime.now(timezone.utc))
    headers |= {"Content-Type": CONTENT_TYPE, "User-Agent": "airflow-provider-wfstate"}
    return sender.send(letter.body, headers)
