"""``make cluster-wide``: one workflow of many mapped steps on a cluster, cancelled half-way and undone.

In the environment, WFSTATE_WIDE_ITEMS sets the number of items, and WFSTATE_WIDE_CANCEL_AT after how many of them it is
cancelled (half of them by default).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from demo.client import Json
from demo.folder import CHECKOUT
from demo.signals import ending_on_signals
from demo.stage import Stage, check
from tests.cluster.chaos import place
from tests.live.outside import Outside

_KEY = "wide"
_NAME = "wide_shipment"
_PATIENCE_SECONDS = 300
"""How long the next item may take, not all of them."""


def main() -> int:
    """Run it, print its figures, and return 0 if each item was undone once."""
    items = int(os.environ.get("WFSTATE_WIDE_ITEMS", "1000"))
    cancel_at = int(os.environ.get("WFSTATE_WIDE_CANCEL_AT", items // 2))
    folder = Path(tempfile.mkdtemp(prefix="wfstate-wide-"))
    outside = Outside(folder / "outside")
    outside.folder.mkdir()
    dags = CHECKOUT / "tests" / "live" / "dags"
    more = {"WFSTATE_OUTSIDE": str(outside.folder), "AIRFLOW__CORE__MAX_MAP_LENGTH": str(max(items, 1024))}
    with (
        ending_on_signals(),
        place(folder, [dags / "wide.py", dags / "outside"], more) as where,
        closing(where.cluster.client()) as client,
    ):
        stage = Stage(where.cluster, client, "", look=lambda: None, label="wide")
        stage.wait_for("the DAG", lambda: client.has_dag(_NAME))
        print(f"{items:,} items are mapped; cancelled when {cancel_at:,} are packed", flush=True)
        _go(stage, outside, items, cancel_at)
    shutil.rmtree(folder)
    return 0


def _go(stage: Stage, outside: Outside, items: int, cancel_at: int) -> None:
    began = time.monotonic()
    stage.client.trigger(_NAME, _KEY, {"key": _KEY, "parcels": items})
    _wait_while_it_goes_on(stage, outside, lambda: bool(outside.done(_KEY)))
    first = time.monotonic()
    _wait_while_it_goes_on(stage, outside, lambda: len(outside.done(_KEY)) >= cancel_at)
    packed_in = time.monotonic() - first

    workflow = stage.workflow(_NAME, _KEY)
    check(workflow is not None, "There is no workflow.")
    asked = time.monotonic()
    stage.client.cancel(workflow["summary"]["id"] if workflow else "", compensate=True, reason="the customer has gone")
    cancelled_in = time.monotonic() - asked
    print(
        f"first item after {first - began:.0f} s; {cancel_at:,} packed in {packed_in:.0f} s "
        f"({cancel_at / packed_in:.1f} a second); cancelled in {cancelled_in:.2f} s",
        flush=True,
    )
    _wait_while_it_goes_on(stage, outside, lambda: _summary(stage)["state"] == "compensated")
    done = Counter(outside.done(_KEY))
    undone = Counter(effect["parcel"] for effect in outside.effects(_KEY) if effect["what"] == "unpack")
    packed = Counter(effect["parcel"] for effect in outside.effects(_KEY) if effect["what"] == "pack")
    summary = _summary(stage)
    took = datetime.fromisoformat(summary["ended_at"]) - datetime.fromisoformat(summary["forward_ended_at"])
    print(f"{done['pack']:,} were packed, {done['unpack']:,} unpacked, {took.total_seconds():.0f} s after the cancel")
    check(set(packed) <= set(undone), f"{len(set(packed) - set(undone))} packed parcels were not unpacked.")
    check(max(undone.values()) == max(packed.values()) == 1, "A parcel was packed or unpacked twice.")


def _summary(stage: Stage) -> Json:
    (line,) = stage.client.workflows(name=_NAME, key=_KEY)
    return line


def _wait_while_it_goes_on(stage: Stage, outside: Outside, has_ended: Callable[[], bool]) -> None:
    """Wait until it has ended, as long as the next effect always comes in time."""
    last, since = -1, time.monotonic()
    while not has_ended():
        now = len(outside.done(_KEY))
        if now != last:
            last, since = now, time.monotonic()
        check(time.monotonic() - since < _PATIENCE_SECONDS, f"Nothing happened after {now} effects.")
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
