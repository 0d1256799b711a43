"""One run, which measures everything, one thing after another, on the same server."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from rich.console import Console

from benchmarks import importing, once, task_state_store
from benchmarks.dbos_transact import DbosSteps, DbosTransact, NotMeasured
from benchmarks.results import NO_ROWS, Measured, rows_label
from benchmarks.scope import Scope
from benchmarks.server import EMPTY, HISTORY, Databases, databases
from benchmarks.step_life import Timings, Turn, measure
from benchmarks.workflows import running_tasks


def run(scope: Scope, folder: Path, dbos_folder: Path, console: Console) -> Measured:
    """Measure everything.

    :param folder: an empty folder for the server and the Airflow homes.
    :param dbos_folder: the virtualenv of DBOS Transact; kept for the next run.
    """
    missing: dict[str, str] = {}
    console.print(f"Starting PostgreSQL and two api-servers, and inserting {scope.rows:,} steps ...")
    with databases(folder, scope.rows) as server:
        lives: dict[int, dict[str, Timings]] = {}
        for writers in scope.writers:
            console.print(f"Measuring with {writers} writer(s) ...")
            lives[writers] = measure(_schedules(server, scope, writers))
        dbos: dict[int, DbosSteps] = {}
        if scope.dbos:
            console.print("Measuring DBOS Transact ...")
            try:
                dbos = _measure_dbos(server, scope, dbos_folder)
            except NotMeasured as error:
                missing["DBOS Transact"] = str(error)
        else:
            missing["DBOS Transact"] = "left out"
        console.print("Measuring step.once ...")
        calls_once = _measure_once(server, scope)
        version = server.version()
        airflow_url = server.postgres.url("airflow", "psycopg2")
        server.stop_api_servers()
        calls = None
        if scope.airflow:
            console.print("Measuring calls from a task of a live Airflow ...")
            calls = task_state_store.measure(airflow_url, folder / "airflow", scope.calls)
        else:
            missing["task_state_store.set"] = "left out"
    imports: dict[str, float] = {}
    if scope.import_turns:
        console.print("Measuring the cost of a DAG file ...")
        imports = importing.ratios(scope.import_turns)
    else:
        missing["a DAG file"] = "left out"
    return Measured(scope, version, lives, dbos, calls, calls_once, imports, missing)


def _schedules(server: Databases, scope: Scope, writers: int) -> list[list[Turn]]:
    """The turns of each writer: every way on both databases, in turn, several times."""
    empty, history = server.ways(EMPTY, NO_ROWS), server.ways(HISTORY, rows_label(scope))
    tasks = {name: running_tasks(server.postgres.url(name, "psycopg")) for name in (EMPTY, HISTORY)}
    schedules: list[list[Turn]] = [[] for _ in range(writers)]
    workflows = scope.steps // scope.steps_a_workflow
    for turn in range(scope.turns):
        for pair in zip(empty, history, strict=True):
            both = list(zip((EMPTY, HISTORY), pair, strict=True))
            # The second one finds a warmer machine, so they swap places.
            for database, way in both if turn % 2 == 0 else reversed(both):
                for schedule in schedules:
                    schedule.append(Turn(way, list(islice(tasks[database], workflows)), scope.steps_a_workflow))
    return schedules


def _measure_once(server: Databases, scope: Scope) -> dict[str, float]:
    urls = {driver: server.postgres.url(EMPTY, driver) for driver in ("psycopg", "psycopg2")}
    tasks = list(islice(running_tasks(urls["psycopg"]), scope.turns * (len(urls) + 1)))
    return once.medians_ms(once.measure(urls, server.postgres.url(EMPTY), tasks, scope.turns))


def _measure_dbos(server: Databases, scope: Scope, folder: Path) -> dict[int, DbosSteps]:
    transact = DbosTransact(folder)
    transact.install()
    url = server.postgres.url("dbos")
    steps = max(scope.steps, 100)  # it does whole workflows of 100 steps
    return {writers: transact.measure(url, steps, writers, min(scope.turns, 3)) for writers in scope.writers}
