from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.end_reason import end_reason


@pytest.mark.parametrize(
    ("by", "actor", "reason", "earlier", "told"),
    [
        ("cancel", "user:alice", "the customer called", None, "Cancelled by alice: the customer called."),
        ("cancel", "cli:root", None, None, "Cancelled by root."),
        ("cancel", "cli:root", "no!", "Step a failed: b", "Cancelled by root: no! Before that: Step a failed: b"),
        ("compensate", "user:alice", "recalled", None, "Undone at the request of alice: recalled."),
        ("deadline", "sweep", "the deadline of noon has passed", None, "The deadline of noon has passed."),
    ],
)
def test_it_names_who_and_why(by: str, actor: str, reason: str | None, earlier: str | None, told: str) -> None:
    assert end_reason(by, actor, reason, earlier_error=earlier) == told
