"""Runs that are all started before the first test looks: most of a live Airflow's time is waiting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Run:
    """A run of a DAG of tests/live/dags, for a workflow.

    :param dag_id: of the DAG.
    :param workflow: the workflow's name.
    :param key: of the workflow; the name of its effects outside, and of the run.
    :param conf: beside the key.
    :param number: of the run, when a key has several.
    """

    dag_id: str
    workflow: str
    key: str
    conf: dict[str, Any] = field(default_factory=dict)
    number: int = 1

    @property
    def run_id(self) -> str:
        """The run's id."""
        return f"{self.key}-{self.number}"


MARKED: Final = {kind: Run(f"shipment_{kind}", "shipment", kind) for kind in ("running", "rescheduled", "deferred")}
FAIL_FAST: Final = Run("ends_fail_fast", "ends", "fail-fast")
CUT_SHORT: Final = {
    policy: Run(f"ends_short_circuit_{policy}", "ends", f"cut-short-{policy}")
    for policy in ("complete", "compensate", "hold")
}
REJECTED: Final = Run("ends_rejected", "ends", "rejected")
EMPTY: Final = Run("ends_empty", "ends", "empty")
NOTHING_TO_UNDO: Final = Run("ends_nothing_to_undo", "ends", "nothing-to-undo")
MARKED_RUN: Final = Run("ends_marked_run", "ends", "marked-run")
CLUSTER: Final = Run("ends_with_a_cluster", "ends", "cluster")

UNDO_OF_ALL_KINDS: Final = Run("undo_of_all_kinds", "undo_functions", "all-kinds")
UNDO_REFUSED: Final = Run("undo_refused_for_good", "undo_functions", "refused")
UNDO_IN_A_HURRY: Final = Run("undo_in_a_hurry", "undo_functions", "hurry")

LETTERS: Final = Run("order_with_letters", "letters", "letters")
LOST_LETTERS: Final = Run("order_with_letters", "letters", "lost-letters", {"is_lost": True})
RELEASES: Final = [Run("release", "release", version, {"version": version}) for version in ("1.10", "1.1")]
PAIRS: Final = [
    Run("double_order", "double_order", f"pair-{pair}", number=number) for pair in range(10) for number in (1, 2)
]

UNTIL_NOW: Final = Run("load_until_now", "second_starts", "until-now")
REHEARSED: Final = Run("rehearsed", "second_starts", "rehearsed", {"place": "shop"})
PRICES: Final = Run("prices_of_today", "odd_values", "prices")
MODEL: Final = Run("train_a_model", "odd_values", "model")
INVOICE: Final = Run("send_an_invoice", "odd_values", "invoice")
PAYROLL: Final = Run("payroll", "payroll", "payroll")
PAYROLL_OF_ONE_NAME: Final = Run("payroll_of_one_name", "payroll", "one-name")
JOB: Final = Run("cluster_job", "cluster_job", "job")

AT_ONCE: Final = {
    "test_hand_marks": [*MARKED.values(), MARKED_RUN],
    "test_ends": [FAIL_FAST, REJECTED, NOTHING_TO_UNDO, CLUSTER, *CUT_SHORT.values(), EMPTY],
    "test_second_starts": [UNTIL_NOW],
    "test_odd_values": [INVOICE, PRICES, MODEL, JOB],
    "test_recorded_calls": [PAYROLL, PAYROLL_OF_ONE_NAME],
    "test_undo_functions": [UNDO_OF_ALL_KINDS, UNDO_REFUSED, UNDO_IN_A_HURRY],
    "test_identities": [LETTERS, LOST_LETTERS, *RELEASES, *PAIRS],
}
"""By the test module that looks at them, in the order in which they are started."""
