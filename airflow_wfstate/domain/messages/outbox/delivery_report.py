"""A pass that delivers webhooks: what it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryReport:
    """What a pass did.

    :param subscriptions: that had something to be told of, and that no other process was at.
    :param delivered: events that their receivers accepted.
    :param refused: events that were sent and not accepted.
    """

    subscriptions: int = 0
    delivered: int = 0
    refused: int = 0

    def __add__(self, other: DeliveryReport) -> DeliveryReport:
        """Both together."""
        return DeliveryReport(
            self.subscriptions + other.subscriptions,
            self.delivered + other.delivered,
            self.refused + other.refused,
        )
