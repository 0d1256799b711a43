"""``python -m tests.fuzz``: Schemathesis against a live api-server; ``make fuzz`` runs it."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

PHASES = ("coverage", "fuzzing", "stateful")


def main() -> int:
    """Run it; return 0 when every answer was as the document says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=150, help="for each operation and phase (default: 150)")
    parser.add_argument("--seed", type=int, help="(default: a new one, which is printed)")
    parser.add_argument("--width", type=int, default=2000, help="items of the wide workflow (default: 2000)")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory(prefix="wfstate-fuzz-") as folder:
        # Airflow creates its home when it is first imported: here, and not in the user's.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        from tests.fuzz.edges import faults_at_the_edges
        from tests.fuzz.fuzzing import fuzz
        from tests.fuzz.watchdog import MAX_SECONDS
        from tests.fuzz.wide import add_wide_workflow
        from tests.support.api_server import running_api_server
        from tests.support.postgres import migrate, running_server, sqlalchemy_url

        home = Path(folder, "migration")
        home.mkdir()
        with running_server(Path(folder, "data")) as server, server.database("fuzz") as url:
            migrate(sqlalchemy_url(url), home)
            with running_api_server(sqlalchemy_url(url), Path(folder, "api-server")) as api_server:
                wide = add_wide_workflow(api_server, arguments.width)
                faults = faults_at_the_edges(api_server, wide, MAX_SECONDS)
                found = fuzz(api_server, Path(folder), arguments.examples, seed, PHASES, wide.id, MAX_SECONDS)
    print(found.report)
    print("\n".join(faults))
    passed = found.passed and not faults
    print(f"seed {seed}: {found.cases} cases, {'all as described' if passed else 'not all as described'}.")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
