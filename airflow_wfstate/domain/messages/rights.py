"""A caller's rights that concern all DAGs, so that the page shows only what they can use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rights:
    """A caller's rights that concern all DAGs. Rights on one workflow come with its actions.

    :param looks_at_events: whether they may see waiting events and subscriptions, which requires reading every DAG.
    :param operates: whether they may handle events and manage subscriptions, which requires changing the runs of every
        DAG.
    """

    looks_at_events: bool
    operates: bool
