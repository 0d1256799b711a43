"""``make test-matrix``: which part of the tests runs with which Airflow, Python and database; and what came of it.

Each cell is a virtualenv of its own (``.venv-matrix-...``, kept) and a run of pytest. Airflow's versions are those with
a file of constraints, and the newest that the package index has, a pre-release too: what fails with a pre-release is
told, and is no failure. Pythons are looked for on the PATH and where pyenv keeps them, PostgreSQL where Debian puts it.
What is not found is left out, and said so. The table goes to docs/production/versions.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

CHECKOUT: Final = Path(__file__).parents[1]
PAGE: Final = CHECKOUT / "docs" / "production" / "versions.md"

PYTHON: Final = "3.11"
"""Of every cell that is about Airflow and PostgreSQL."""

OTHER_PYTHONS: Final = ("3.10", "3.12", "3.13")
EMBEDDED: Final = "PostgreSQL 18"
"""The server that comes in a wheel (demo/postgres.py)."""

INSTALLED: Final = {"PostgreSQL 15": Path("/usr/lib/postgresql/15/bin")}
"""Servers of Debian's packages, by name: where their programs are."""

CONTRACT: Final = ("tests/contract", "tests/store/test_migrations.py", "tests/store/test_hot_path.py")
LIVE: Final = ("tests/live/test_resume.py", "tests/live/test_retry.py", "tests/live/test_sagas.py")
UNIT: Final = (
    "tests/domain",
    "tests/redaction",
    "tests/definition_file",
    "tests/operators",
    "tests/hooks",
    "tests/triggers",
)

_POSTGRES_ONLY: Final = ("-k", "not sqlite")
_SQLITE_ONLY: Final = ("-k", "not postgres")

_SECONDS: Final = 3600


@dataclass(frozen=True)
class Cell:
    """One installation, and what of the tests is run with it.

    :param database: that the tests use.
    :param tests: arguments of pytest.
    :param says: which they are, for the table.
    :param may_fail: a pre-release: its failures are told, and are none of ours.
    """

    airflow: str
    python: str
    database: str
    tests: tuple[str, ...] = field(repr=False)
    says: str
    may_fail: bool = False

    @property
    def name(self) -> str:
        """How it is asked for on the command line."""
        return f"{self.airflow}/{self.python}/{self.database.replace('PostgreSQL ', 'pg').lower()}"


def cells(pre_release: str | None) -> list[Cell]:
    """All of them, the most important first."""
    known = sorted(path.stem.removeprefix("airflow-") for path in (CHECKOUT / "constraints").glob("airflow-*.txt"))
    airflows = [*reversed(known), *([pre_release] if pre_release else [])]
    tested = (*CONTRACT, *LIVE, *_POSTGRES_ONLY)
    says = "contract, migrations, live recovery and sagas"
    of_postgres = [
        Cell(airflow, PYTHON, database, tested, says, may_fail=airflow not in known)
        for airflow in airflows
        for database in (*INSTALLED, EMBEDDED)
    ]
    tested = (*UNIT, *CONTRACT, *_SQLITE_ONLY)
    says = "unit tests, contract, migrations"
    return [*of_postgres, *(Cell(known[-1], python, "SQLite", tested, says) for python in (PYTHON, *OTHER_PYTHONS))]


def main() -> None:
    """Parse the command line, and do it."""
    parser = argparse.ArgumentParser(prog="make test-matrix", description=__doc__)
    parser.add_argument("cells", nargs="*", help="those to run, as --list names them; all of them unless named")
    parser.add_argument("--list", action="store_true", help="name the cells, and run none")
    arguments = parser.parse_args()
    planned = cells(_newest_pre_release())
    if arguments.list:
        print("\n".join(cell.name for cell in planned))
        return
    if unknown := set(arguments.cells) - {cell.name for cell in planned}:
        sys.exit(f"There is no cell {sorted(unknown)[0]}: --list names them.")
    failed = False
    for cell in planned:
        if arguments.cells and cell.name not in arguments.cells:
            continue
        print(f"{cell.name}: {cell.says} ...", flush=True)
        result = run(cell)
        print(f"{cell.name}: {result}", flush=True)
        _write(cell, result)
        failed = failed or ("failed" in result and not cell.may_fail)
    sys.exit(failed)


def run(cell: Cell) -> str:
    """Install and test it; what came of it, in a few words."""
    interpreter = _interpreter(cell.python)
    if interpreter is None:
        return f"left out: no Python {cell.python} was found"
    programs = INSTALLED.get(cell.database)
    if programs is not None and not (programs / "postgres").exists():
        return f"left out: {cell.database} is not installed"
    venv = f".venv-matrix-{cell.airflow}-{cell.python}"
    told = [f"VENV={venv}", f"PYTHON={interpreter}", f"CONSTRAINTS={_constraints(cell.airflow)}"]
    installed = subprocess.run(["make", "install", *told], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        lines = (installed.stderr or installed.stdout).strip().splitlines()
        return f"failed: it could not be installed ({lines[-1][:200] if lines else 'no reason told'})"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wfstate-matrix-") as folder, _server(programs, Path(folder)) as url:
        report = Path(folder) / "report.xml"
        options = ["-p", "no:cacheprovider", "--quiet", f"--basetemp={folder}/tests", f"--junitxml={report}"]
        subprocess.run(
            [f"{venv}/bin/pytest", *options, *cell.tests],
            cwd=CHECKOUT,
            env=os.environ | ({} if url is None else {"WFSTATE_TEST_POSTGRES_URL": url}),
            stdout=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
        if not report.exists():
            return "failed: pytest did not end"
        return f"{_counts(report)}, {(time.monotonic() - began) / 60:.0f} min"


def _counts(report: Path) -> str:
    """How many tests passed and failed; the first ten that failed are printed."""
    suite = next(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it
    failed = []
    for case in suite.iter("testcase"):
        trouble = next((found for found in case if found.tag in ("failure", "error")), None)
        if trouble is not None:
            failed.append(f"{case.get('classname')}::{case.get('name')}: {(trouble.get('message') or '')[:200]!r}")
    for line in failed[:10]:
        print(f"  {line}", flush=True)
    total = int(suite.get("tests", 0)) - int(suite.get("skipped", 0))
    return f"{total - len(failed)} passed" + (f", {len(failed)} failed" if failed else "")


def _interpreter(version: str) -> str | None:
    """A Python of this version; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [str(path / "bin" / "python") for path in sorted(pyenv.glob(f"{version}.*"))]
    if on_path := shutil.which(f"python{version}"):
        candidates.append(on_path)  # pyenv's own wrapper may be on the PATH, and not have the version
    asks = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != ({version.replace('.', ', ')}))"
    for candidate in candidates:
        if subprocess.run([candidate, "-c", asks], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def _newest_pre_release() -> str | None:
    """The newest version of Airflow that the index has, if that is a pre-release; None where it is not, or not told."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", "apache-airflow", "--pre"],
        capture_output=True,
        text=True,
        check=False,
    )
    newest = re.match(r"apache-airflow \((\S+)\)", asked.stdout)
    return newest[1] if newest and re.search(r"(a|b|rc)\d+$", newest[1]) else None


def _constraints(airflow: str) -> str:
    """Its file of constraints; for a version that has none, one that names it alone."""
    known = Path("constraints") / f"airflow-{airflow}.txt"
    if (CHECKOUT / known).exists():
        return str(known)
    made = CHECKOUT / f".venv-matrix-{airflow}.txt"
    if not made.exists():
        made.write_text(f"apache-airflow=={airflow}\napache-airflow-core=={airflow}\n")
    return made.name


@contextmanager
def _server(programs: Path | None, folder: Path) -> Iterator[str | None]:
    """A server of installed programs; its libpq URL. None where the tests start their own."""
    if programs is None:
        yield None
        return
    # It refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    folder.chmod(0o755)
    data = folder / "server"
    data.mkdir()
    if user is not None:
        shutil.chown(data, user)

    def control(*words: str) -> None:
        command = [str(programs / "pg_ctl"), "--pgdata", f"{data}/data", "--wait", *words]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, user=user)

    control("init", "--options", "--username=postgres --auth=trust --encoding=UTF8")
    # As the embedded one runs for tests: without waiting for the disk.
    options = f"-k {data} -c listen_addresses='' -c fsync=off"
    control("start", "--options", options, "--log", f"{data}/log")
    try:
        yield f"postgresql://postgres@/postgres?host={data}"
    finally:
        control("stop", "--mode", "immediate")


_HEAD: Final = """# Versions

What is tried with which versions. `make test-matrix` runs it cell by cell and writes this table (`.ci/matrix.py`), and
`make test-matrix CELLS=3.2.2/3.11/pg15` runs one. The whole suite runs with the newest Airflow, Python 3.11 and
PostgreSQL 18 (`make test`). Airflow 3.2 is the oldest that works: it brought the database managers and the commands of
providers. A pre-release is tried so that trouble is known early; it is not supported.

| Airflow | Python | database | what is tried | result | on |
|---|---|---|---|---|---|
"""


def _write(cell: Cell, result: str) -> None:
    """Put a cell's line into the page, in the place of its older one."""
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    rows = {tuple(line.split(" | ")[:3]): line for line in lines if line.startswith("| ") and line[2:3].isdigit()}
    name = f"{cell.airflow} (pre-release)" if cell.may_fail else cell.airflow
    line = (
        f"| {name} | {cell.python} | {cell.database} | {cell.says} | {result} | {datetime.now(timezone.utc):%Y-%m-%d} |"
    )
    rows[tuple(line.split(" | ")[:3])] = line
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(_HEAD + "\n".join(rows.values()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
