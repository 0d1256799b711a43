"""What a caller may do that concerns every DAG, so that the page shows what is of use to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rights:
    """What a caller may do; what concerns one workflow is told with its actions.

    :param looks_at_events: may see events that wait, and subscriptions: who may read every DAG.
    :param operates: may decide about events, and manage subscriptions: who may change the runs of every DAG.
    """

    looks_at_events: bool
    operates: bool
