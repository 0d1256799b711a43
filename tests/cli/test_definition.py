from __future__ import annotations

import subprocess
import sys

LIGHT = {
    "airflow_wfstate.version",
    "airflow_wfstate",
    "airflow_wfstate.cli",
    "airflow_wfstate.cli.arg",
    "airflow_wfstate.cli.arguments",
    "airflow_wfstate.cli.completers",
    "airflow_wfstate.cli.definition",
    "airflow_wfstate.cli.definitions_group",
    "airflow_wfstate.cli.event_group",
    "airflow_wfstate.cli.filters",
    "airflow_wfstate.cli.from_anywhere",
    "airflow_wfstate.cli.outbox_definition",
    "airflow_wfstate.conf",
    "airflow_wfstate.declared_options",
    "airflow_wfstate.exceptions",
    "airflow_wfstate.option",
    "airflow_wfstate.provider_info",
}


def test_the_start_of_airflow_imports_only_what_is_light() -> None:
    code = (
        "import sys, airflow.cli.cli_parser; print(*(name for name in sys.modules if name.startswith('airflow_wfs')))"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "airflow_wfstate.cli.definition" in imported.stdout.split()
    names = set(imported.stdout.split())
    assert {name for name in names if not name.startswith("airflow_wfstate.domain")} <= LIGHT
    assert len(names) < 38, "the domain is light, but not for nothing"


def test_a_list_does_not_import_what_changes_workflows() -> None:
    """``python -m benchmarks.cli_startup`` measures the cost. A test cannot, because a busy machine distorts times."""
    code = """
import sys
import airflow.cli.cli_parser
import airflow_wfstate.cli.commands.list, airflow_wfstate.cli.commands.stuck
import airflow_wfstate.backends.database_lists
print(*sys.modules)
"""
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    names = set(imported.stdout.split())
    for package in ("actions", "compensation", "resume", "sweeping"):
        assert f"airflow_wfstate.store.{package}" not in names
    assert "airflow_wfstate.backends.state_backend" not in names
    assert sum(name.startswith("airflow_wfstate.") for name in names) < 114
