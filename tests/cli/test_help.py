"""Help texts."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.test_definition import LIGHT
from tests.support.airflow_home import Home

HEAVY = ("tabulate", "airflow.cli.simple_table", "airflow.models.serialized_dag", "fastapi", "jsonpath", "psycopg")
"""Modules, besides our own outside :data:`LIGHT`, that commands import to read, print and inspect DAGs."""


def test_what_stands_in_brackets_is_kept(home: Home) -> None:
    words = ("compensation", "--help")
    told = " ".join(home.wfstate(*words).stdout.split())

    assert "participant[place].step, participant.step or step if unambiguous, with [item] for an item" in told
    assert "{retry,skip,done} WORKFLOW STEP" in told
    assert "with the first key of [core] fernet_key" in " ".join(home.wfstate("--help").stdout.split())
    assert "[core] rerun_with_latest_version" in " ".join(home.wfstate("resume", "--help").stdout.split())


def test_help_imports_nothing_heavy(home: Home) -> None:
    code = """
import sys
from airflow.__main__ import main
sys.argv = ["airflow", "wfstate", "list", "--help"]
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=home.path, capture_output=True, text=True, timeout=120, check=True
    )
    imported = set(answer.stderr.split())

    assert "--wide" in answer.stdout
    ours = {name for name in imported if name.startswith("airflow_wfstate")}
    assert {name for name in ours if not name.startswith("airflow_wfstate.domain")} <= LIGHT
    assert imported.isdisjoint(HEAVY)
