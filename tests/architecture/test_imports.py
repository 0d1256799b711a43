"""Who may import whom, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import airflow_wfstate
from tests.conftest import CHECKOUT

HEAVY = ("airflow", "sqlalchemy", "fastapi", "pydantic", "httpx", "rich")


def test_the_import_contracts_hold() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_public_name_can_be_imported() -> None:
    for name in airflow_wfstate.__all__:
        assert getattr(airflow_wfstate, name) is not None


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = f"import sys, airflow_wfstate; print([name for name in {HEAVY} if name in sys.modules])"
    assert _python(program) == "[]"


def test_the_provider_info_and_the_error_tree_import_nothing_heavy() -> None:
    program = (
        "import sys, airflow_wfstate.provider_info, airflow_wfstate.exceptions, airflow_wfstate.domain.rules.states\n"
        "airflow_wfstate.provider_info.get_provider_info()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert _python(program) == "[]"


def test_what_dag_authors_import_does_not_reach_the_store() -> None:
    program = (
        "import sys, airflow_wfstate\n"
        "for name in airflow_wfstate.__all__: getattr(airflow_wfstate, name)\n"
        "print([name for name in sys.modules if name.startswith('airflow_wfstate.store')])"
    )
    assert _python(program).splitlines()[-1] == "[]"


def _python(program: str) -> str:
    finished = subprocess.run(
        # Isolated: neither the checkout nor PYTHONPATH, only what is installed.
        [sys.executable, "-I", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()
