"""A cache of facts about workflows, valid for the version of which they were read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

WIDE: Final = 500
"""Number of items from which on caching a workflow pays off: fewer are read as fast as they are looked up."""

_MAX_KEPT: Final = 200
"""Workflows in the cache; the least recently used ones are dropped first."""


class KeptByVersion(Generic[Value]):
    """Values by workflow, each for one version; for one process."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, tuple[int, Value]] = OrderedDict()
        self._lock = Lock()

    def find(self, versions: Mapping[str, int]) -> dict[str, Value]:
        """The cached values for these versions of these workflows."""
        found = {}
        with self._lock:
            for workflow_id, version in versions.items():
                kept = self._values.get(workflow_id)
                if kept is not None and kept[0] == version:
                    self._values.move_to_end(workflow_id)
                    found[workflow_id] = kept[1]
        return found

    def keep(self, versions: Mapping[str, int], values: Mapping[str, Value]) -> None:
        """Cache what was read of these versions."""
        with self._lock:
            for workflow_id, value in values.items():
                self._values[workflow_id] = (versions[workflow_id], value)
                self._values.move_to_end(workflow_id)
            while len(self._values) > _MAX_KEPT:
                self._values.popitem(last=False)
