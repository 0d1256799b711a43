"""A mapped step of many items is cancelled and undone on a live scheduler: forty here, 2,000 by ``make wide-live``."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from demo.client import Json
from demo.stage import Stage
from tests.live.outside import Outside

pytestmark = pytest.mark.live

PARCELS = int(os.environ.get("WFSTATE_WIDE_ITEMS", "40"))
_PATIENCE_SECONDS = 180
"""Time to wait for the next item, not for all: how fast 2,000 are scheduled depends on what else the machine does."""


def test_a_wide_workflow_is_cancelled_and_each_item_is_undone_once(stage: Stage, outside: Outside) -> None:
    key = f"{stage.label}-wide"
    stage.client.trigger("wide_shipment", key, {"key": key, "parcels": PARCELS})
    began = time.monotonic()
    _wait_while_it_goes_on(stage, outside, key, "all parcels to be packed", lambda: outside.hangs(key, "hold"))
    packed_in = time.monotonic() - began

    workflow = stage.workflow("wide_shipment", key)
    assert workflow is not None
    began = time.monotonic()
    answer = stage.client.cancel(workflow["summary"]["id"], compensate=True, reason="the customer has gone")
    cancelled_in = time.monotonic() - began
    assert (answer["workflow"]["state"], answer["changed"]) == ("compensating", True)
    outside.allow(key, "hold")
    undone = "every parcel to be unpacked"
    _wait_while_it_goes_on(stage, outside, key, undone, lambda: _reached(stage, key, "compensated") is not None)
    compensated = _reached(stage, key, "compensated")
    assert compensated is not None

    summary = compensated["summary"]
    undone_in = datetime.fromisoformat(summary["ended_at"]) - datetime.fromisoformat(summary["forward_ended_at"])
    effects = outside.effects(key)
    once = Counter(range(PARCELS))
    assert Counter(effect["parcel"] for effect in effects if effect["what"] == "pack") == once
    assert Counter(effect["parcel"] for effect in effects if effect["what"] == "unpack") == once
    print(
        f"{PARCELS} items: packed in {packed_in:.0f} s, cancelled in {cancelled_in:.2f} s, "
        f"undone {undone_in.total_seconds():.0f} s after the cancel"
    )


def _wait_while_it_goes_on(stage: Stage, outside: Outside, key: str, what: str, has_ended: Callable[[], bool]) -> None:
    """Keep waiting as long as another effect arrives in time."""
    while not has_ended():
        before = len(outside.effects(key))
        stage.wait_for(what, partial(_goes_on, outside, key, before, has_ended), _PATIENCE_SECONDS)


def _goes_on(outside: Outside, key: str, before: int, has_ended: Callable[[], bool]) -> bool:
    return has_ended() or len(outside.effects(key)) > before


def _reached(stage: Stage, key: str, state: str) -> Json | None:
    found = stage.workflow("wide_shipment", key)
    return found if found is not None and found["summary"]["state"] == state else None
