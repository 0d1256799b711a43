"""``python -m benchmarks.wide``: the cost of operations on a workflow with 100, 1,000 and 10,000 mapped items.

A page must cost the same at every width, an action on the whole workflow must be linear, and a turn must not depend on
the width.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Final

WIDTHS: Final = (100, 1_000, 10_000)


def main() -> None:
    """Parse the command line, measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wide", description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS), help="items (default: 100 1000 10000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-wide-") as folder:
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        from benchmarks.wide_run import measure, table

        print(table(measure(Path(folder), arguments.widths)))


if __name__ == "__main__":
    main()
