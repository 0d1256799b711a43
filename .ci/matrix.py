"""``make test-matrix``: run parts of the tests with several versions of Airflow, Python and PostgreSQL.

Each cell has its own virtualenv (``.venv-matrix-...``, kept) and is one run of pytest. The Airflow versions are those
with a file in ``constraints/``, and the newest in the package index if it is a pre-release. Failures with a pre-release
are reported but do not fail the command. Pythons are looked up on the PATH and in pyenv's folder, PostgreSQL where
Debian installs it. A cell whose versions are missing is skipped. Results go to docs/production/versions.md.
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

NEWEST: Final = "3.3.2"
"""The Airflow of ``make test``."""

PYTHON: Final = "3.11"
"""The Python of the cells that vary Airflow and PostgreSQL."""

OTHER_PYTHONS: Final = ("3.10", "3.12", "3.13")
EMBEDDED: Final = "PostgreSQL 18"
"""The server from the wheel (demo/postgres.py)."""

INSTALLED: Final = {"PostgreSQL 15": Path("/usr/lib/postgresql/15/bin")}
"""Servers from Debian's packages: the folder of their programs, by name."""

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
    """One installation, and the tests that run with it.

    :param database: the one that the tests use.
    :param tests: arguments of pytest.
    :param says: what they cover, for the table.
    :param may_fail: True for a pre-release: failures are reported, but do not fail the command.
    """

    airflow: str
    python: str
    database: str
    tests: tuple[str, ...] = field(repr=False)
    says: str
    may_fail: bool = False

    @property
    def name(self) -> str:
        """Its name on the command line."""
        return f"{self.airflow}/{self.python}/{self.database.replace('PostgreSQL ', 'pg').lower()}"


def cells(pre_release: str | None) -> list[Cell]:
    """All cells, the most important first."""
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
    return [*of_postgres, *(Cell(NEWEST, python, "SQLite", tested, says) for python in (PYTHON, *OTHER_PYTHONS))]


def main() -> None:
    """Run the cells that the command line names."""
    parser = argparse.ArgumentParser(prog="make test-matrix", description=__doc__)
    parser.add_argument("cells", nargs="*", help="cells to run, as --list names them (default: all)")
    parser.add_argument("--list", action="store_true", help="print the names of the cells, and run none")
    arguments = parser.parse_args()
    planned = cells(_newest_pre_release())
    if arguments.list:
        print("\n".join(cell.name for cell in planned))
        return
    if unknown := set(arguments.cells) - {cell.name for cell in planned}:
        sys.exit(f"There is no cell {sorted(unknown)[0]}. List them with: python .ci/matrix.py --list")
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
    """Install and test a cell; return the result in a few words."""
    if excluded := _excluded(cell.airflow):
        return f"left out: the package declares `{excluded}`, see above"
    interpreter = _interpreter(cell.python)
    if interpreter is None:
        return f"left out: no Python {cell.python} was found"
    programs = INSTALLED.get(cell.database)
    if programs is not None and not (programs / "postgres").exists():
        return f"left out: {cell.database} is not installed"
    venv = _venv(cell)
    told = [f"VENV={venv}", f"PYTHON={interpreter}", f"CONSTRAINTS={_constraints(cell.airflow)}"]
    installed = subprocess.run(["make", "install", *told], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        lines = (installed.stderr or installed.stdout).strip().splitlines()
        return f"failed: it could not be installed ({lines[-1][:200] if lines else 'no reason given'})"
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


def _venv(cell: Cell) -> str:
    """The virtualenv of a cell: that of ``make test`` if it has these versions."""
    name = ".venv" if cell.airflow == NEWEST else f".venv-{cell.airflow}"
    try:
        configuration = (CHECKOUT / name / "pyvenv.cfg").read_text(encoding="utf-8")
    except FileNotFoundError:
        configuration = ""
    fits = re.search(rf"^version = {re.escape(cell.python)}\.", configuration, re.MULTILINE)
    return name if fits else f".venv-matrix-{cell.airflow}-{cell.python}"


def _counts(report: Path) -> str:
    """Count the tests that passed and failed, and print the first ten failures."""
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
    """A Python of this version; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [str(path / "bin" / "python") for path in sorted(pyenv.glob(f"{version}.*"))]
    if on_path := shutil.which(f"python{version}"):
        candidates.append(on_path)  # may be pyenv's wrapper for a version that is not installed
    asks = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != ({version.replace('.', ', ')}))"
    for candidate in candidates:
        if subprocess.run([candidate, "-c", asks], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def _excluded(airflow: str) -> str | None:
    """The package's own requirement if it excludes this version of Airflow; None if it does not."""
    declared = re.search(r'"(apache-airflow>=[\d.]+,<(\d+)\.(\d+))"', (CHECKOUT / "pyproject.toml").read_text())
    if declared is None:
        return None
    major, minor = airflow.split(".")[:2]
    return declared[1] if (int(major), int(minor)) >= (int(declared[2]), int(declared[3])) else None


def _newest_pre_release() -> str | None:
    """The newest Airflow in the package index if it is a pre-release; None otherwise, or if nobody answers."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", "apache-airflow", "--pre"],
        capture_output=True,
        text=True,
        check=False,
    )
    newest = re.match(r"apache-airflow \((\S+)\)", asked.stdout)
    return newest[1] if newest and re.search(r"(a|b|rc)\d+$", newest[1]) else None


def _constraints(airflow: str) -> str:
    """The constraints file of a version; one that names only this version if there is none."""
    known = Path("constraints") / f"airflow-{airflow}.txt"
    if (CHECKOUT / known).exists():
        return str(known)
    made = CHECKOUT / f".venv-matrix-{airflow}.txt"
    if not made.exists():
        made.write_text(f"apache-airflow=={airflow}\napache-airflow-core=={airflow}\n")
    return made.name


@contextmanager
def _server(programs: Path | None, folder: Path) -> Iterator[str | None]:
    """Run an installed PostgreSQL and yield its libpq URL; None if the tests start their own."""
    if programs is None:
        yield None
        return
    # PostgreSQL refuses to run as root.
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
    # Like the embedded server of the tests: without waiting for the disk.
    options = f"-k {data} -c listen_addresses='' -c fsync=off"
    control("start", "--options", options, "--log", f"{data}/log")
    try:
        yield f"postgresql://postgres@/postgres?host={data}"
    finally:
        control("stop", "--mode", "immediate")


_HEAD: Final = """# Versions

This page tells you which versions of Airflow, Python and PostgreSQL are tested, and with what result.
`make test-matrix` runs one cell after the other and writes this table; `make test-matrix CELLS=3.2.2/3.11/pg15` runs
one cell. The whole suite (`make test`) runs with the newest Airflow, Python 3.11 and PostgreSQL 18.

Airflow 3.2 is the oldest version that works, because it introduced database managers and commands of providers. A
pre-release is tested so that problems are known early. It is not supported.

Airflow 3.4 does not work. Its beta 3.4.0b2 drops `task_instance_history`, keeps earlier tries in `task_instance` (rows
whose `working_set` is NULL), renames `map_index` to `region_index`, and replaces `xcom` by `xcom_v2`. The store reads
the first three. The package therefore declares `apache-airflow<3.4`; if it is installed with 3.4 all the same, every
operation that touches Airflow's tables is refused with a message that says so, and changes nothing.

| Airflow | Python | database | what is tried | result | on |
|---|---|---|---|---|---|
"""


def _write(cell: Cell, result: str) -> None:
    """Write a cell's row into the page, replacing its previous one."""
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
