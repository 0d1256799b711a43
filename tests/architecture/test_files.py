"""Files that can be read in one sitting, and no loose ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import CHECKOUT

_FOLDERS = ("airflow_wfstate", "dags", "demo", "tests", "benchmarks", "docs")
_LONGEST = 400
_LOOSE_END = "TO" + "DO"


def test_no_file_is_longer_than_can_be_read_in_one_sitting() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _python_files()}
    assert lines, "No Python file was found."
    assert {str(path): count for path, count in lines.items() if count > _LONGEST} == {}


def test_no_loose_ends() -> None:
    found = [str(path) for path in _python_files() if _LOOSE_END in path.read_text(encoding="utf-8")]
    assert found == []


def test_constraints_are_pins_and_nothing_else() -> None:
    pin = re.compile(r"[a-z0-9-]+==[0-9a-z.]+( ; python_version (<|>=) \"3\.\d+\")?")
    files = sorted((CHECKOUT / "constraints").glob("*.txt"))
    assert [path.name for path in files] == [
        "airflow-3.2.2.txt",
        "airflow-3.3.2.txt",
        "cluster-3.3.2.txt",
        "fab-3.3.2.txt",
    ]
    for path in files:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert [line for line in lines if not pin.fullmatch(line)] == []


def _python_files() -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def test_a_pass_of_the_sweep_that_is_asserted_upon_is_a_whole_one() -> None:
    """An api-server sweeps when it likes, and a second pass does nothing meanwhile: ``world.sweep()`` waits for it."""
    sweeps = {
        str(file.relative_to(CHECKOUT))
        for file in (CHECKOUT / "tests").rglob("*.py")
        if "backend.sweep" + "()" in file.read_text()
    }
    assert sweeps == {"tests/support/world.py", "tests/store/test_worker_role.py"}
