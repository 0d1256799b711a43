"""The benchmark runs, and writes everything that it promises. Timings are not checked here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import CHECKOUT


def test_a_quick_run_measures_every_way_and_judges_every_target(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--quick", "--without-airflow", "--without-dbos"),
            *("--output", str(output)),
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    results = json.loads(output.read_text())
    assert {"cores", "python", "postgresql", "apache-airflow"} <= results["machine"].keys()
    found = {(line["label"], line["writers"]) for line in results["lines"]}
    ways = ("database way, psycopg", "database way, psycopg2", "api way", "floor")
    once = {"step.once, database way, psycopg", "step.once, database way, psycopg2", "floor: insert of a record"}
    assert found == {
        (f"{way}, {rows} steps before", writers) for way in ways for rows in ("0", "1,000") for writers in (1, 2)
    } | {(label, 1) for label in once}
    lives = [line for line in results["lines"] if line["label"] not in once]
    assert all(line["begin_ms"] > 0 and line["end_ms"] > 0 and line["rate"] > 0 for line in lives)
    assert all(line["life_ms"] > 0 for line in results["lines"])
    assert [target["holds"] is None for target in results["targets"]] == [False, True, False, False, True, True]
    assert results["missing"].keys() == {"DBOS Transact", "task_state_store.set", "a DAG file"}
    for label, _ in found:
        assert label in done.stdout
