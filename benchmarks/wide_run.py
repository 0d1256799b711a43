"""The operations on a wide workflow, and the cost of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from benchmarks.run_lock import watched_run
from benchmarks.statements import statements
from benchmarks.wide_workflow import DAG_ID, LEAF, RELAY, WideWorkflow, WideWorkflows
from demo.postgres import EmbeddedPostgres
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, running_api_server
from tests.support.postgres import migrate

_DATABASE: Final = "wide"
_TURNS: Final = 20
_TIMES: Final = 5
_QUIET: Final = {
    "AIRFLOW__WFSTATE__SWEEP_INTERVAL_SECONDS": "86400",
    "AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS": "86400",
}


@dataclass(frozen=True)
class Cost:
    """The cost of one operation on one workflow.

    :param seconds: the duration; the median if it runs more than once.
    :param statements: statements sent to the database; None when a server sent them.
    :param rows: rows they returned or changed; None when a server sent them.
    :param size: size of the response in bytes; None when nothing was transferred.
    :param locked_seconds: the longest time Airflow's DAG run was locked continuously; None when not measured.
    """

    seconds: float
    statements: int | None = None
    rows: int | None = None
    size: int | None = None
    locked_seconds: float | None = None


Costs = dict[str, dict[int, Cost]]
"""By operation, then by width."""


def measure(folder: Path, widths: Sequence[int]) -> Costs:
    """Run every operation at each width, on a separate PostgreSQL with an api-server.

    :param folder: an empty folder.
    """
    with _wide(folder) as (workflows, server, url):
        costs: Costs = {}
        for width in widths:
            for what, cost in _done(workflows, server, url, width):
                costs.setdefault(what, {})[width] = cost
        return costs


def table(costs: Costs) -> str:
    """A Markdown table: milliseconds, statements, rows and bytes at each width, and the growth to the last width."""
    widths = sorted({width for by_width in costs.values() for width in by_width})
    head = [f"{width:,}: ms | stmts | rows | bytes" for width in widths]
    lines = [
        "| what | " + " | ".join(head) + " | growth | locked ms |",
        "|---|" + "---:|" * (4 * len(widths) + 2),
    ]
    for what, by_width in costs.items():
        cells = [_cells(by_width.get(width)) for width in widths]
        first, last = by_width.get(widths[0]), by_width.get(widths[-1])
        growth = "" if first is None or last is None else f"{last.seconds / max(first.seconds, 1e-9):.1f}"
        locked = "" if last is None or last.locked_seconds is None else f"{1000 * last.locked_seconds:.0f}"
        lines.append(f"| {what} | {' | '.join(cells)} | {growth} | {locked} |")
    return "\n".join(lines)


def _cells(cost: Cost | None) -> str:
    if cost is None:
        return " | | | "
    numbers = ["" if number is None else f"{number:,}" for number in (cost.statements, cost.rows, cost.size)]
    return f"{1000 * cost.seconds:.1f} | {' | '.join(numbers)}"


@contextmanager
def _wide(folder: Path) -> Iterator[tuple[WideWorkflows, ApiServer, str]]:
    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database(_DATABASE)
        (folder / "migration").mkdir()
        migrate(postgres.url(_DATABASE, "psycopg2"), folder / "migration")
        workflows = WideWorkflows(postgres, _DATABASE)
        with running_api_server(postgres.url(_DATABASE, "psycopg2"), folder / "api-server", _QUIET) as server:
            yield workflows, server, postgres.url(_DATABASE)
        workflows.engine.dispose()


def _done(workflows: WideWorkflows, server: ApiServer, url: str, width: int) -> Iterator[tuple[str, Cost]]:
    failed, running = workflows.add(width), workflows.add(width, running=True)
    backend = DatabaseBackend(workflows.engine)

    def cost(call: Callable[[], object], times: int = 1, run: WideWorkflow | None = None) -> Cost:
        return _cost(workflows, url, call, times, run)

    first = WorkflowQuery(limit=50)
    page = (
        ("list page", lambda: backend.list_workflows(first)),
        ("detail", lambda: backend.get_workflow(failed.workflow_id, step_limit=50)),
        ("steps page", lambda: backend.list_steps(failed.workflow_id, limit=50)),
        ("journal page", lambda: backend.read_journal(failed.workflow_id, limit=50)),
        ("compensations page", lambda: backend.list_compensations(failed.workflow_id, limit=50)),
    )
    for what, call in page:
        yield what, cost(call, _TIMES)
    yield from _polled(server, failed.workflow_id)
    yield "cancel plan", cost(lambda: backend.plan_cancel(running.workflow_id), _TIMES)
    yield "cancel", cost(lambda: backend.cancel_workflow(CancelWorkflow(running.workflow_id)), run=running)
    yield "resume plan", cost(lambda: backend.plan_resume(failed.workflow_id), _TIMES)
    yield "compensate plan", cost(lambda: backend.plan_compensate(failed.workflow_id), _TIMES)
    yield "resume", cost(lambda: backend.resume_workflow(ResumeWorkflow(failed.workflow_id)), run=failed)
    yield "a sweep", cost(backend.sweep)
    undone = workflows.add(width)
    yield "compensate", cost(lambda: backend.compensate_workflow(CompensateWorkflow(undone.workflow_id)), run=undone)
    yield "a turn", _turn(workflows, backend, undone)
    yield "a sweep while undoing", cost(backend.sweep)


def _cost(workflows: WideWorkflows, url: str, call: Callable[[], object], times: int, run: WideWorkflow | None) -> Cost:
    seconds = []
    with statements(workflows.engine) as sent:
        for _ in range(times):
            began = time.perf_counter()
            if run is None:
                call()
            else:
                with watched_run(url, DAG_ID, run.run_id) as lock:
                    call()
            seconds.append(time.perf_counter() - began)
    locked = None if run is None else lock.longest_seconds
    return Cost(median(seconds), sent.count // times, sent.rows // times, locked_seconds=locked)


def _turn(workflows: WideWorkflows, backend: DatabaseBackend, undone: WideWorkflow) -> Cost:
    """What the relay requests for one undo: the turn, and its end."""
    rows = AirflowRows(workflows.engine)
    found = rows.find_task(DAG_ID, undone.run_id, RELAY)
    relay = undone.relay if found is None else found[0]
    rows.set_task_state(relay, "running")
    seconds = []
    with statements(workflows.engine) as sent:
        for _ in range(_TURNS):
            began = time.perf_counter()
            answer = backend.take_turn(TakeTurn(relay, [LEAF]))
            if answer.work is None:
                raise RuntimeError(f"The relay got nothing to undo: {answer.reason}")
            backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
            seconds.append(time.perf_counter() - began)
    return Cost(median(seconds), sent.count // _TURNS, sent.rows // _TURNS)


def _polled(server: ApiServer, workflow_id: str) -> Iterator[tuple[str, Cost]]:
    """The page's requests while it shows a workflow."""
    base = f"{server.url}/wfstate/ui/workflows"
    asked = {
        "list page, over HTTP": f"{base}?limit=50",
        "detail, over HTTP": f"{base}/{workflow_id}?step_limit=50",
        "steps page, over HTTP": f"{base}/{workflow_id}/steps?limit=50",
        "journal page, over HTTP": f"{base}/{workflow_id}/journal?limit=50",
        "actions, over HTTP": f"{base}/{workflow_id}/actions",
    }
    with httpx.Client(headers={"Authorization": f"Bearer {server.token()}"}, timeout=120) as client:
        for what, address in asked.items():
            seconds, size = [], 0
            for _ in range(_TIMES):
                began = time.perf_counter()
                size = len(client.get(address).raise_for_status().content)
                seconds.append(time.perf_counter() - began)
            yield what, Cost(median(seconds), size=size)
