"""Allowed differences between two versions of the package, one minor version apart, each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

OLD: Final = "e9d370e"
"""The previous version: the last commit of revision 0013, without definitions, events, webhooks and waits."""

_NAMES_THE_VERSION: Final = r"of airflow-provider-wfstate,( and)? this process"

_CLIENTS: Final = ("new-client", "old-client")

_WORDS: Final = (
    "test_cancel_workflow::test_what_has_ended_stays_and_the_answer_says_so",
    "test_clear_by_hand::test_a_reopened_workflow_is_never_compensated_by_itself",
    "test_code::test_the_plan_judges_an_undo_by_the_code_in_which_its_relay_will_run",
    "test_complete_workflow::test_a_guest_(waits_for_the_owner|that_waits_is_refused)",
    "test_nothing_to_undo::test_without_a_relay_it_stays_failed_and_keeps_its_key",
    "test_pivot::test_a_failure_behind_the_pivot_is_held_for_a_resume",
    "test_renamed_steps::test_a_step_that_(looks_renamed|is_other_work)",
    "test_resume::test_(the_plan_says_all_of_it|an_owner_whose_conf_is_not_known)",
    "test_start_again::test_a_terminated_workflow_is_undone_before",
    "test_why_not_resume::test_it_is_the_answer_of_the_plan",
)
"""Tests that compare a whole sentence."""


@dataclass(frozen=True)
class Difference:
    """Tests that fail in one combination, and why they may.

    :param way: the combination, as ``tests.compat`` names it.
    :param tests: a regular expression for the names of the tests.
    :param said: a regular expression for their messages.
    :param because: the reason, for the reader.
    """

    way: str
    tests: str
    said: str
    because: str

    def explains(self, way: str, test: str, said: str) -> bool:
        """Whether it explains why this test failed with this message."""
        return way == self.way and bool(re.search(self.tests, test)) and bool(re.search(self.said, said))


DIFFERENCES: Final = (
    *(
        Difference(
            way,
            "test_shown_state::test_the_failed_step_is_named_with_its_task_whatever_follows",
            "Differing attributes:.*'failing'",
            "A fault of the older commit's own test, whatever database it has: commit 5f1c16e mended it.",
        )
        for way in ("server", "old-client")
    ),
    Difference(
        "new-client",
        "test_pages::test_workflows_are_counted_by_state_flag_and_start",
        "WAITS_FOR_SERVICE",
        "The older server does not know the newer kind of flag, and counts none of it.",
    ),
    Difference(
        "new-client",
        ".",
        _NAMES_THE_VERSION,
        "The server does not have the operation, or not the field: the error names both versions, and nothing changed.",
    ),
    *(
        Difference(
            way,
            tests,
            said,
            "Only words: the messages were rewritten. The exception, the state and the effect are the expected ones.",
        )
        for way in _CLIENTS
        for tests, said in ((".", "Regex pattern did not match"), *((test, "[Aa]ssert") for test in _WORDS))
    ),
    *(
        Difference(
            way,
            "test_start_again::test_what_a_start_does_follows_from_the_state_of_the_key.*compensat",
            "InputMismatch|busy|WorkflowClosed",
            "A start that finds its key being undone waits, whatever its input; the older server refused another one.",
        )
        for way in _CLIENTS
    ),
    Difference(
        "new-client",
        "test_marked_relay::",
        ".",
        "The older server lets a second relay begin at once after a mark by hand: the fault that the newer one mends.",
    ),
    Difference(
        "new-client",
        "test_lost_outputs::test_the_plan_names_the_steps_whose_return_value_is_gone",
        "not enough values to unpack",
        "The older server's plan does not name them.",
    ),
    Difference(
        "new-client",
        "test_start_workflow::test_the_same_key_with_another_input_is_refused_with_both_hashes",
        "They differ in",
        "The older server names the hashes, and not the fields.",
    ),
    Difference(
        "old-client",
        "test_computed_flags::|test_pages::|test_text_filters::",
        "something else than a WorkflowStats",
        "The counts by flag name a kind that the older client does not know. No operator asks for them.",
    ),
)
