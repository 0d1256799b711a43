"""Public names stay: what others import, call, type and query."""

from __future__ import annotations

import json

from tests.architecture.public_surface import STORED, public_surface


def test_nothing_that_others_rely_on_has_gone_or_come_unnoticed() -> None:
    stored, now = set(json.loads(STORED.read_text())), set(public_surface())

    assert sorted(stored - now) == [], "gone: this breaks what others have written"
    assert sorted(now - stored) == [], "new: python -m tests.architecture.public_surface writes it down"
