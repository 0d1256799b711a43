"""Every entry of the journal is a sentence."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.reading.journal_sentence import sentence_of

K = EntryKind


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_has_a_sentence_also_without_details(kind: EntryKind) -> None:
    sentence = sentence_of(kind, "shop.pay", None, "sweep", {})
    assert sentence[0].isupper() or sentence.startswith("shop.pay")
    assert sentence.endswith(".")
    assert "None" not in sentence
    assert kind.value not in sentence


@pytest.mark.parametrize(
    ("kind", "attempt", "actor", "data", "sentence"),
    [
        (K.WORKFLOW_STARTED, None, "task:a/b/c", {"generation": 2}, "The workflow started, generation 2."),
        (
            K.WORKFLOW_RESUMED,
            None,
            "user:ann",
            {"by": "restart", "from_step": "pay", "cleared_tasks": 2, "reason": "the card is valid again"},
            "ann restarted the workflow from pay (2 tasks to run again): the card is valid again.",
        ),
        (
            K.WORKFLOW_RESUMED,
            None,
            "task:a/b/c",
            {"cause": "a task was cleared"},
            "The workflow was resumed: a task was cleared.",
        ),
        (
            K.WORKFLOW_REOPENED,
            None,
            "cli:ann",
            {"by": "restart", "from_step": "a"},
            "ann reopened the workflow from a.",
        ),
        (
            K.WORKFLOW_SUCCEEDED,
            None,
            "sweep",
            {"not_reached": ["x"]},
            "The workflow succeeded (1 planned step not reached).",
        ),
        (
            K.WORKFLOW_FAILED,
            None,
            "sweep",
            {"error": "Step pay failed: no money"},
            "The workflow failed: Step pay failed: no money.",
        ),
        (
            K.WORKFLOW_COMPENSATING,
            None,
            "user:ann",
            {"by": "cancel", "reason": None, "undos_armed": 3},
            "ann cancelled the workflow and began its compensation (3 steps to undo).",
        ),
        (
            K.WORKFLOW_COMPENSATED,
            None,
            "sweep",
            {"undos_done": 3, "undos_skipped": 1},
            "The workflow is compensated: 3 steps undone, 1 step skipped.",
        ),
        (
            K.WORKFLOW_CANCELLED,
            None,
            "cli:bob",
            {"failed_tasks": 1, "reason": "a duplicate"},
            "bob cancelled the workflow (1 task set to failed): a duplicate.",
        ),
        (
            K.RUN_LINKED,
            None,
            "task:a/b/c",
            {"dag_id": "mail", "run_id": "r1", "role": "child"},
            "A step is about to trigger run r1 of DAG mail.",
        ),
        (
            K.RUN_LINKED,
            None,
            "task:a/b/c",
            {"dag_id": "mail", "run_id": "r1", "role": "guest"},
            "Run r1 of DAG mail joined as guest.",
        ),
        (K.STEP_BEGAN, 2, "task:a/b/c", {"round": 1}, "shop.pay began, attempt 2."),
        (
            K.STEP_FAILED,
            1,
            "task:a/b/c",
            {"error": "ValueError: no money\nnote"},
            "shop.pay failed: ValueError: no money.",
        ),
        (
            K.STEP_FAILED,
            1,
            "task:a/b/c",
            {"error": "Traceback (most recent call last):\n  x\nKeyError: 'y'"},
            "shop.pay failed: KeyError: 'y'.",
        ),
        (
            K.STEP_SKIPPED,
            1,
            "sweep",
            {"by_hand": True, "person": "ann"},
            "ann marked the task of shop.pay as success: it counts as skipped.",
        ),
        (
            K.COMPENSATION_DONE,
            None,
            "user:ann",
            {"by_hand": True, "reason": "paid back in cash"},
            "ann marked the compensation of shop.pay as done: paid back in cash.",
        ),
        (K.COMPENSATION_DONE, 1, "task:a/b/c", {"round": 2}, "shop.pay was undone, round 2."),
    ],
)
def test_it_tells_what_happened_and_a_person_by_name(
    kind: EntryKind, attempt: int | None, actor: str, data: dict[str, object], sentence: str
) -> None:
    assert sentence_of(kind, "shop.pay", attempt, actor, data) == sentence


def test_a_long_error_is_cut() -> None:
    sentence = sentence_of(K.STEP_FAILED, "shop.pay", 1, "task:a/b/c", {"error": "x" * 5000})
    assert len(sentence) < 400
