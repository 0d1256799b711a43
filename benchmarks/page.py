"""``python -m benchmarks.page``: the page's requests against an api-server with a million workflows.

Each line is one request that one client repeats. A trivial read serves as the floor.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median, quantiles
from typing import Final

_BASE: Final = "wfstate"
_FLOOR: Final = ("floor: GET /health", "admin", "/wfstate/v1/health", {})
_DAGS: Final = ("intake", "fulfilment", "billing", "returns")
"""One workflow in a thousand belongs to another DAG, the only one that the user ``clerk`` may read."""
_CLERKS_DAG: Final = "intake"
_FILL: Final = (
    "INSERT INTO wfstate_definition VALUES ('order', repeat('0', 64), "
    '\'{"deadline_seconds":null,"on_compensation_error":"stop","on_deadline":"flag","on_failure":"hold",'
    '"participants":[],"plan":["reserve","pay","ship"]}\', now())',
    # Started over 90 days; one in fifty failed, one in a hundred is running.
    "INSERT INTO wfstate_workflow (id, name, key, generation, correlation_id, state, version, journal_count, "
    "definition_sha256, implicit, reopened, on_failure, input, input_type, input_sha256, secret, error, started_at, "
    "updated_at, ended_at) SELECT uuidv7(), 'order', 'order-' || n, 1, 'corr-' || md5(n::text), "
    "CASE WHEN n %% 50 = 0 THEN 'failed' WHEN n %% 100 = 1 THEN 'running' ELSE 'succeeded' END, 8, 8, "
    "repeat('0', 64), false, false, 'hold', '{}', 'dict', repeat('0', 64), repeat('0', 64), "
    "CASE WHEN n %% 50 = 0 THEN 'Step pay failed: no money' END, "
    "now() - (n * 90.0 / %(workflows)s) * interval '1 day', "
    "now() - (n * 90.0 / %(workflows)s) * interval '1 day' + interval '5 minutes', now() "
    "FROM generate_series(1, %(workflows)s) n",
    "INSERT INTO wfstate_run (workflow_id, dag_id, run_id, role, bound, linked_at) SELECT id, "
    "CASE WHEN hashtext(key) %% 1000 = 0 THEN 'ledger' ELSE (%(dags)s::text[])[1 + (hashtext(key) & 3)] END, "
    "'manual__' || key, 'owner', true, started_at FROM wfstate_workflow",
    "INSERT INTO wfstate_step (id, workflow_id, participant, name, item_key, state, round, attempt, started_at, "
    "updated_at) SELECT uuidv7(), w.id, 'intake', s.name, '', 'succeeded', 1, 1, w.started_at, w.updated_at "
    "FROM wfstate_workflow w, (VALUES ('reserve'), ('pay'), ('ship')) s (name)",
    # Only attempts of the last eight days, because nothing asks for older ones.
    "INSERT INTO wfstate_attempt (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, "
    "task_id, map_index, try_number, started_at, ended_at) SELECT id, 1, 1, 'succeeded', 1, uuidv7(), 'intake', 'run', "
    "name, -1, 1, started_at, started_at + random() * interval '2 minutes' FROM wfstate_step "
    "WHERE started_at > now() - interval '8 days'",
    "INSERT INTO wfstate_flag (workflow_id, kind, cause, since, command, found_at) SELECT id, 'slow', 'Step pay is at "
    "work.', now(), 'airflow wfstate show', now() FROM wfstate_workflow WHERE state = 'running'",
    "VACUUM ANALYZE",
)


def fill(url: str, workflows: int) -> None:
    """Insert workflows of three steps each.

    :param url: a libpq URL of a migrated database.
    """
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        # The rows are consistent by construction, and checking every foreign key would take most of the time.
        connection.execute("SET session_replication_role = replica")
        for statement in _FILL:
            has_parameters = "%(" in statement
            connection.execute(statement, {"workflows": workflows, "dags": list(_DAGS)} if has_parameters else None)


def questions(workflows: int) -> list[tuple[str, str, str, dict[str, str]]]:
    """The requests: label, user, path and query."""
    now = datetime.now(timezone.utc)
    day = {"since": (now - timedelta(days=1)).isoformat(), "until": now.isoformat(), "bucket_seconds": "3600"}
    quarter = now - timedelta(days=90)
    page = {"limit": "50"}
    some = workflows // 2
    correlation_id = f"corr-{hashlib.md5(str(some).encode()).hexdigest()}"  # noqa: S324 - as in the filled rows
    asked = [
        ("the newest", "workflows", page),
        ("failed", "workflows", {**page, "state": "failed"}),
        ("that need attention", "workflows", {**page, "stuck": "true"}),
        ("search, a whole key", "workflows", {**page, "search": f"order-{some}"}),
        ("search, two letters", "workflows", {**page, "search": "or"}),
        ("search, a correlation id's beginning", "workflows", {**page, "search": correlation_id[:15]}),
        ("search, nothing found", "workflows", {**page, "search": "nothing"}),
        ("of one DAG", "workflows", {**page, "dag_id": "billing"}),
        ("by last progress", "workflows", {**page, "sort": "-updated_at"}),
        ("failed, by last progress", "workflows", {**page, "sort": "-updated_at", "state": "failed"}),
        ("by key", "workflows", {**page, "sort": "key"}),
        ("counts by state", "stats", {}),
        ("counts of one day, by the hour", "stats", day),
        ("the numbers of one name, seven days", "stats/name", {"name": "order"}),
        ("the numbers of one name, ninety days", "stats/name", {"name": "order", "since": quarter.isoformat()}),
        ("the numbers of a name that there is not", "stats/name", {"name": "nothing"}),
    ]
    return [
        (f"{label} ({login})", login, f"/wfstate/v1/{path}", query)
        for login in ("admin", "clerk")
        for label, path, query in asked
    ]


def main() -> None:
    """Parse the command line, measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--workflows", type=int, default=1_000_000, help="workflows in the database (default: 1000000)")
    parser.add_argument("--times", type=int, default=20, help="how often each request is sent (default: 20)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-page-") as folder:
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        _measure(Path(folder), arguments.workflows, arguments.times)


def _measure(folder: Path, workflows: int, times: int) -> None:
    from sqlalchemy import create_engine

    from demo.postgres import EmbeddedPostgres
    from tests.support.airflow_rows import AirflowRows
    from tests.support.api_server import running_api_server
    from tests.support.postgres import migrate

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database(_BASE)
        (folder / "migration").mkdir()
        url = postgres.url(_BASE, "psycopg2")
        migrate(url, folder / "migration")
        engine = create_engine(url)
        AirflowRows(engine).pause_dag("ledger")  # so that Airflow knows the DAG
        engine.dispose()
        began = time.perf_counter()
        fill(postgres.url(_BASE), workflows)
        print(f"{workflows} workflows, stored in {time.perf_counter() - began:.0f} s; each line {times} times.")
        # No sweep may interfere, because these runs do not exist in Airflow's own tables.
        quiet = {
            "AIRFLOW__WFSTATE__SWEEP_INTERVAL_SECONDS": "86400",
            "AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS": "86400",
        }
        with running_api_server(url, folder / "api-server", quiet) as server:
            print("| what | rows | p50 ms | p95 ms |")
            print("|---|---:|---:|---:|")
            tokens = {login: server.token(login) for login in ("admin", "clerk")}
            for label, login, path, query in (_FLOOR, *questions(workflows)):
                print(_line(label, f"{server.url}{path}", tokens[login], query, times), flush=True)


def _line(label: str, url: str, token: str, query: dict[str, str], times: int) -> str:
    import httpx

    seconds, rows = [], ""
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
        for _ in range(times):
            first = time.perf_counter()
            answer = client.get(url, params=query).raise_for_status()
            seconds.append(time.perf_counter() - first)
            listed = answer.json().get("workflows")
            rows = str(len(listed)) if isinstance(listed, list) else ""
    high = quantiles(seconds, n=20)[18] if times > 1 else seconds[0]
    return f"| {label} | {rows} | {1000 * median(seconds):.0f} | {1000 * high:.0f} |"


if __name__ == "__main__":
    main()
