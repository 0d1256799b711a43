"""The role of a run in its workflow."""

from __future__ import annotations

from enum import Enum


class RunRole(str, Enum):
    """The role of a DAG run in its workflow.

    ``owner``: its start created this generation. ``child``: a step of the workflow triggered it (it is linked before
    the run exists). ``guest``: it attached later. Only owners and children decide how the workflow ends.
    """

    OWNER = "owner"
    CHILD = "child"
    GUEST = "guest"

    @property
    def decides(self) -> bool:
        """Whether runs of this role decide how the workflow ends."""
        return self is not RunRole.GUEST
