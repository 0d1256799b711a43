"""``make cluster-chaos``: 15 minutes of chaos on a cluster. The environment may set CHAOS_SECONDS and CHAOS_SEED."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from demo.signals import ending_on_signals
from tests.cluster.chaos import chaos, place
from tests.cluster.report import report

_SECONDS = 900


def main() -> int:
    """Run it, print its report, and return 0 if nothing was lost, doubled or wrong."""
    seconds = float(os.environ.get("CHAOS_SECONDS", _SECONDS))
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"CHAOS_SEED={seed}; {seconds:.0f} seconds", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="wfstate-chaos-"))
    print(f"The files of this run are in {folder}", flush=True)
    with ending_on_signals(), place(folder) as where:
        found = chaos(where, seconds, seed, say=lambda text: print(text, flush=True))
    print(report(found))
    for complaint in found.complaints:
        print(complaint)
    return 1 if found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
