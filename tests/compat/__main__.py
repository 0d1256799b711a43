"""``python -m tests.compat``: two versions of the package at once, on a database that the newer one has migrated.

During an upgrade the database is migrated first; then the api-servers are replaced one by one, then the workers. So
three things have to go on while it lasts, and the contract of the store is tried for each, with the tests of the
version that is the client:

- ``server``: the older version on the database of the newer one;
- ``new-client``: workers of the newer version that call an api-server of the older one;
- ``old-client``: workers of the older version that call an api-server of the newer one.

What may differ is listed in ``differences.py`` with its reason; everything else that fails makes this fail.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tests.compat.differences import DIFFERENCES, OLD
from tests.compat.wheels import CHECKOUT, Installation, current, installed

_ENOUGH_SECONDS: Final = 3600

_PYTEST: Final = "import sys; sys.path.remove(''); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
"""Without the folder that it runs in: the package there does not hide the installed wheel."""


@dataclass(frozen=True)
class Way:
    """Who is the client, who the server, and which way of the contract is tried."""

    name: str
    tests: Installation
    server: Installation
    way: str


@dataclass(frozen=True)
class Result:
    """What became of the tests of one way.

    :param differing: those that failed as listed.
    :param failed: those that failed, and may not; with what they said.
    """

    passed: int
    differing: list[str]
    failed: dict[str, str]


def main() -> None:
    """Parse the command line, and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.compat", description=__doc__)
    parser.add_argument("ways", nargs="*", help="server, new-client, old-client; all of them unless named")
    parser.add_argument("--old", default=OLD, help=f"the commit of the older version ({OLD})")
    parser.add_argument("-k", dest="chosen", help="tests to choose, as pytest's option")
    arguments = parser.parse_args()
    new, old = current(), installed(arguments.old)
    ways = [
        Way("server", old, old, "database-postgresql"),
        Way("new-client", new, old, "api-postgresql"),
        Way("old-client", old, new, "api-postgresql"),
    ]
    failed = False
    print("| way | passed | differ, as listed | failed | took |\n|---|---|---|---|---|", flush=True)
    for way in ways:
        if arguments.ways and way.name not in arguments.ways:
            continue
        began = time.monotonic()
        result = _tried(way, old, new, arguments.chosen)
        took = time.monotonic() - began
        counts = f"{result.passed} | {len(result.differing)} | {len(result.failed)}"
        print(f"| {way.name} | {counts} | {took:.0f} s |", flush=True)
        for test, said in result.failed.items():
            print(f"  {test}: {said}", flush=True)
        failed = failed or bool(result.failed)
    sys.exit(failed)


def _tried(way: Way, old: Installation, new: Installation, chosen: str | None) -> Result:
    with tempfile.TemporaryDirectory(prefix="wfstate-compat-") as folder:
        report = Path(folder) / "report.xml"
        expression = way.way if chosen is None else f"{way.way} and ({chosen})"
        environment = os.environ | {
            "PYTHONPATH": str(CHECKOUT / "tests" / "compat"),
            "WFSTATE_COMPAT_SERVER": str(way.server.python),
            "WFSTATE_COMPAT_OLDER": str(old.python),
            "WFSTATE_COMPAT_NEWER": str(new.python),
        }
        pytest = [str(way.tests.python), "-c", _PYTEST, "-p", "plugin", "-p", "no:cacheprovider", "--quiet"]
        subprocess.run(
            [*pytest, f"--basetemp={folder}/tests", f"--junitxml={report}", "tests/contract", "-k", expression],
            cwd=way.tests.tree,
            env=environment,
            stdout=subprocess.DEVNULL,
            timeout=_ENOUGH_SECONDS,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"The tests of {way.name} did not run: see {' '.join(pytest)} in {way.tests.tree}.")
        return _read(way, report)


def _read(way: Way, report: Path) -> Result:
    passed, differing, failed = 0, [], {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it
        test = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        trouble = case.find("failure")
        trouble = case.find("error") if trouble is None else trouble
        if trouble is None:
            passed += case.find("skipped") is None
            continue
        said = (trouble.get("message") or "").replace("\n", " ")
        if any(difference.explains(way.name, test, said) for difference in DIFFERENCES):
            differing.append(test)
        else:
            failed[test] = said[:300]
    return Result(passed, differing, failed)


if __name__ == "__main__":
    main()
