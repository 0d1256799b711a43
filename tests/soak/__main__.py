"""``python -m tests.soak``: the soak; ``make soak`` runs it for ten minutes."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run it; 0 when nothing was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long (default: 600)")
    parser.add_argument("--workers", type=int, default=16, help="how many (default: 16)")
    parser.add_argument("--seed", type=int, help="of the restarts (default: a new one, which is printed)")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory(prefix="wfstate-soak-") as folder:
        # Airflow makes its home when it is first imported: here, and nowhere of the user's.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        from tests.soak.soak import soak

        found = soak(Path(folder), arguments.seconds, arguments.workers, random.Random(seed))  # noqa: S311 - no secret
    print(f"seed {seed}: {found}")
    for complaint in found.complaints:
        print(f"    {complaint}")
    return 1 if found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
