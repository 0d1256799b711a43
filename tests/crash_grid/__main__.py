"""``python -m tests.crash_grid``: run the grid, or part of it; ``make crash-grid`` runs all of it."""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "reliability.md"


def main() -> int:
    """Run it, and return 0 if every cell passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash_grid", description=__doc__)
    parser.add_argument("--sample", type=int, help="number of cells, chosen at random (default: all)")
    parser.add_argument(
        "--seed", type=int, default=None, help="seed of the sample (default: a new one, which is printed)"
    )
    parser.add_argument("--only", default="", help="only cells whose description contains this text")
    parser.add_argument("--write", action="store_true", help=f"write the grid into {PAGE.name}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-grid-") as folder:
        # Airflow creates its home when it is first imported, here and in the workers: never in the user's home.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        return _run(arguments, Path(folder))


def _run(arguments: argparse.Namespace, folder: Path) -> int:
    from tests.crash_grid.cell import Result, Way
    from tests.crash_grid.grid import enumerate_cells, run_cells
    from tests.crash_grid.report import summary, write
    from tests.crash_grid.sites import sites

    with sites(list(Way), folder) as made:
        cells = [cell for cell in enumerate_cells(made) if arguments.only in str(cell)]
        if arguments.sample is not None:
            seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
            print(f"{arguments.sample} of {len(cells)} cells, seed {seed}")
            cells = random.Random(seed).sample(cells, min(arguments.sample, len(cells)))  # noqa: S311 - no secret
        results: list[Result] = []
        for result in run_cells(cells, made):
            results.append(result)
            outcome = "pass" if not result.complaints else "FAIL"
            print(f"{len(results)}/{len(cells)} {outcome} {result.seconds:.1f} s  {result.cell}", flush=True)
            for complaint in result.complaints:
                print(f"    {complaint}", flush=True)
    print(summary(results))
    if arguments.write:
        versions = ", ".join(f"{name} {version(name)}" for name in ("apache-airflow", "sqlalchemy", "psycopg2-binary"))
        write(
            PAGE,
            results,
            f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}",
        )
    return 1 if any(result.complaints for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
