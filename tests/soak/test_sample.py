"""A short soak; ``make soak`` runs for ten minutes."""

from __future__ import annotations

import random
from pathlib import Path

from tests.soak.soak import soak


def test_nothing_is_lost_or_doubled_while_postgresql_restarts(tmp_path: Path) -> None:
    found = soak(tmp_path, seconds=20, workers=4, choice=random.Random(), pause_seconds=(3, 7))  # noqa: S311 - no secret

    assert found.complaints == []
    assert found.restarts >= 1
    assert found.steps > 0
