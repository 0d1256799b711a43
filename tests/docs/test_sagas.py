"""The example in docs/reference/sagas.md is a DAG, and undoes what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from packaging.version import Version

from tests.support.airflow_home import Home

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sagas.md").read_text(encoding="utf-8")
MATCH = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
SOURCE = MATCH.group(1) if MATCH else ""


@pytest.mark.skipif(
    Version(airflow_version) < Version("3.3"),
    reason="`airflow dags test` fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
)
def test_it_runs_and_is_undone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.path / "dags").mkdir()
    (home.path / "dags" / "shop.py").write_text(SOURCE, encoding="utf-8")
    migrated = home.airflow("db", "migrate")
    assert migrated.returncode == 0, migrated.stderr

    home.airflow("dags", "test", "shop")

    (listed,) = json.loads(home.airflow("wfstate", "list", "--name", "shop_order", "-o", "json").stdout)
    workflow = json.loads(home.airflow("wfstate", "show", listed["id"], "-o", "json").stdout)
    assert workflow["summary"]["state"] == "compensated", workflow["summary"]
    assert workflow["summary"]["error"] == "Step pack failed: RuntimeError: no box"
    journal = json.loads(home.airflow("wfstate", "journal", listed["id"], "-o", "json").stdout)
    undone = [entry["step"] for entry in journal if entry["kind"] == "compensation.done"]
    assert undone == ["shop.pack", "shop.reserve", "shop.charge"]
