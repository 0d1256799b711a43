"""The outside world of the live tests' DAGs, as a test sees it (tests/live/dags/outside writes it)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outside:
    """What was done for each workflow's key, and what the test allows.

    :param folder: that the tasks write into.
    """

    folder: Path

    def effects(self, key: str) -> list[dict[str, Any]]:
        """All effects, in order."""
        path = self.folder / f"{key}.effects"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def done(self, key: str) -> list[str]:
        """The names of all effects, in order."""
        return [str(effect["what"]) for effect in self.effects(key)]

    def allow(self, key: str, what: str) -> None:
        """Allow a task to do, or to end, what it is waiting for."""
        (self.folder / f"{key}.{what}").touch()

    def hangs(self, key: str, what: str) -> bool:
        """Whether a task is running and waiting for permission to end."""
        return (self.folder / f"{key}.{what}.begun").exists()
