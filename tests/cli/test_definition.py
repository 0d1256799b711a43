from __future__ import annotations

import subprocess
import sys


def test_start_up_imports_nothing_but_the_definition() -> None:
    code = (
        "import sys, airflow.cli.cli_config; before = set(sys.modules);"
        "from airflow_wfstate.cli.definition import get_wfstate_cli_commands; get_wfstate_cli_commands();"
        "print(*sorted(set(sys.modules) - before))"
    )
    imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()
    assert imported == ["airflow_wfstate", "airflow_wfstate.cli", "airflow_wfstate.cli.definition"]
