"""The report of a pass that delivers webhooks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryReport:
    """What a pass did.

    :param subscriptions: subscriptions that had something to deliver, and that no other process was handling.
    :param delivered: events that their receivers accepted.
    :param refused: events that were sent and not accepted.
    """

    subscriptions: int = 0
    delivered: int = 0
    refused: int = 0

    def __add__(self, other: DeliveryReport) -> DeliveryReport:
        """The sum of both reports."""
        return DeliveryReport(
            self.subscriptions + other.subscriptions,
            self.delivered + other.delivered,
            self.refused + other.refused,
        )
