"""The kinds of workflows of tests/cluster/dags, and how each must end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

TICKS = 10
"""Ticks of the long step, see dags/chaos.py."""


@dataclass(frozen=True)
class Kind:
    """A kind of workflow with one way to end.

    :param dag_id: the DAG that is triggered; also the workflow's name.
    :param fails: passed to the run.
    :param state: the workflow's final state.
    :param done: what is done outside, each once.
    :param payment: what the payment service reports: ``captured`` or ``declined``; empty if it takes no part.
    :param stock: what the stock service does, each once.
    """

    dag_id: str
    fails: bool
    state: str
    done: tuple[str, ...]
    payment: str = ""
    stock: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name in keys and reports."""
        return f"{self.dag_id.removeprefix('chaos_')}-{self.state}"

    @property
    def effects(self) -> Counter[str]:
        """What a receiver must have done."""
        return Counter(self.done)

    @property
    def may_do(self) -> frozenset[str]:
        """What may be missing together with its undo: a declined payment may come before the parcel is packed."""
        return frozenset({"pack", "undo pack"}) if self.payment == "declined" else frozenset()


_ORDER = ("reserve", "charge", "pack", "ship")
_LONG = ("book", *(f"tick {tick}" for tick in range(TICKS)), "pay")

KINDS = (
    Kind("chaos_order", False, "succeeded", _ORDER),
    Kind("chaos_order", True, "compensated", (*_ORDER, "undo pack", "undo charge", "undo reserve")),
    Kind("chaos_saga", False, "succeeded", _LONG),
    Kind("chaos_saga", True, "compensated", (*_LONG, "undo load", "undo book")),
    Kind("chaos_choreographed", False, "succeeded", ("pack",), "captured", ("reserved",)),
    Kind("chaos_choreographed", False, "compensated", ("pack", "undo pack"), "declined", ("reserved", "released")),
    Kind("chaos_vendor", False, "succeeded", ("place", "assemble")),
    Kind("chaos_unattended", False, "succeeded", ("alone",)),
)

DAGS = frozenset({kind.dag_id for kind in KINDS} | {"chaos_fulfilment"})
