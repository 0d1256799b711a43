"""The role of a run in its workflow."""

from __future__ import annotations

from enum import Enum


class RunRole(str, Enum):
    """What a DAG run is to its workflow.

    ``owner``: its start created this generation; ``child``: a step of the workflow triggered it (linked before
    the run exists); ``guest``: attached later. Only owner and child decide how the workflow ends.
    """

    OWNER = "owner"
    CHILD = "child"
    GUEST = "guest"

    @property
    def decides(self) -> bool:
        """Whether runs of this role decide how the workflow ends."""
        return self is not RunRole.GUEST
