"""The redacted paths of a step's payloads, as a column stores them: a JSON list; NULL for none."""

from __future__ import annotations

import json
from collections.abc import Sequence


def redact_column(paths: Sequence[str]) -> str | None:
    """The column's value."""
    return json.dumps(list(paths)) if paths else None


def redacted_paths(column: str | None) -> tuple[str, ...]:
    """The paths of a column."""
    return () if column is None else tuple(json.loads(column))
