"""What two versions of the package, one minor version apart, may do differently; each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

OLD: Final = "e9d370e"
"""The version before: the last commit of revision 0013, without definitions, events, webhooks and waits."""

_NAMES_THE_VERSION: Final = r"of airflow-provider-wfstate, and this process"


@dataclass(frozen=True)
class Difference:
    """Tests that fail in one way, and why they may.

    :param way: as ``tests.compat`` names it.
    :param tests: a regular expression for their names.
    :param said: another, for what they fail with.
    :param because: for the reader.
    """

    way: str
    tests: str
    said: str
    because: str

    def explains(self, way: str, test: str, said: str) -> bool:
        """Whether it is the reason why this test failed with these words."""
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
)
