"""Requests at the edges: each limit and each length just kept, and just broken; and whole pages of a wide workflow.

What is kept is done, what is broken is refused as a problem; no answer takes more memory, or longer, than the
watchdog allows.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from sqlalchemy import create_engine

from airflow_wfstate.api.parameters import LISTS
from airflow_wfstate.domain.rules.labels import MAX_LABELS
from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.plan import MAX_PARTICIPANTS, MAX_PLAN_ENTRIES
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.names import MAX_NAME_LENGTH
from airflow_wfstate.redaction.path import MAX_PATH_LENGTH, MAX_PATHS
from tests.fuzz.watchdog import ServerMemory, complaint
from tests.fuzz.wide import WideWorkflow
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer

_OK: Final = 200
_REFUSED: Final = 400


@dataclass(frozen=True)
class Edge:
    """A request, and the status of its answer.

    :param starts: whether it is the start of a workflow, with these fields beside those that every start has.
    """

    title: str
    status: int
    path: str = "/workflows"
    query: list[tuple[str, str]] = field(default_factory=list)
    starts: dict[str, Any] | None = None


def faults_at_the_edges(server: ApiServer, wide: WideWorkflow, max_seconds: float | None = None) -> list[str]:
    """Send every edge to a server; return a sentence for each answer that is wrong.

    :param max_seconds: how long an answer may take; None for as long as it likes.
    """
    engine = create_engine(server.database_url)
    rows, memory, faults = AirflowRows(engine), ServerMemory(server.pid), []
    headers = {"Authorization": f"Bearer {server.token()}"}
    with httpx.Client(base_url=f"{server.url}/wfstate/v1", headers=headers, timeout=120) as client:
        for edge in [*_kept_and_broken(), *_wide_pages(wide)]:
            found = _fault(client, memory, edge, rows, max_seconds)
            # Once more: a machine that is busy with other work is not our fault.
            if found is not None and (again := _fault(client, memory, edge, rows, max_seconds)) is not None:
                faults.append(f"{edge.title}: {again}")
    engine.dispose()
    return faults


def _fault(
    client: httpx.Client, memory: ServerMemory, edge: Edge, rows: AirflowRows, max_seconds: float | None
) -> str | None:
    if edge.starts is None:
        request = client.build_request("GET", edge.path, params=edge.query)
    else:
        run_id = rows.add_run("intake")
        task = rows.add_task("intake", run_id, "start")
        empty = Payload.of({})
        fixed = {"type": "dict", "text": empty.text, "size": empty.size, "sha256": empty.sha256}
        body = {"task_instance_id": task, "name": "edge", "key": run_id, "input": fixed, **edge.starts}
        request = client.build_request("POST", edge.path, json=body)
    memory.begin()
    answer = client.send(request)
    if answer.status_code != edge.status:
        return f"{answer.status_code} instead of {edge.status}: {answer.text[:300]}"
    if answer.status_code >= 400 and not answer.json().get("remedy"):
        return f"it has no remedy: {answer.text[:300]}"
    return complaint(answer.elapsed.total_seconds(), memory.growth(), max_seconds)


def _kept_and_broken() -> Iterator[Edge]:
    for field_name in ("name", "key", "correlation_id"):
        yield _start(f"the longest {field_name}", _OK, **{field_name: _unique("日", MAX_NAME_LENGTH, field_name)})
        yield _start(f"a longer {field_name}", _REFUSED, **{field_name: "日" * (MAX_NAME_LENGTH + 1)})
    yield _start("the most labels", _OK, labels={f"l{n}": "x" * MAX_NAME_LENGTH for n in range(MAX_LABELS)})
    yield _start("more labels", _REFUSED, labels={f"l{n}": "x" for n in range(MAX_LABELS + 1)})
    yield _start("the longest plan", _OK, plan=_names(MAX_PLAN_ENTRIES))
    yield _start("a longer plan", _REFUSED, plan=_names(MAX_PLAN_ENTRIES + 1))
    yield _start("a plan that fills the body", _REFUSED, plan=[f"s{n}" for n in range(200_000)])
    yield _start("the most participants", _OK, participants=_names(MAX_PARTICIPANTS))
    yield _start("more participants", _REFUSED, participants=_names(MAX_PARTICIPANTS + 1))
    yield _start("the most paths", _OK, redact=[f"p{n}" for n in range(MAX_PATHS)])
    yield _start("more paths", _REFUSED, redact=[f"p{n}" for n in range(MAX_PATHS + 1)])
    yield _start("the longest path", _OK, redact=["x" * MAX_PATH_LENGTH])
    yield _start("a longer path", _REFUSED, redact=["x" * (MAX_PATH_LENGTH + 1)])
    yield _start("a path that looks everywhere", _REFUSED, redact=["$..*..*"])
    yield _start("the longest deadline", _OK, deadline_seconds=100 * 366 * 86400)
    yield _start("a longer deadline", _REFUSED, deadline_seconds=100 * 366 * 86400 + 1)
    yield _list("the largest page", _OK, ("limit", str(MAX_LIMIT)))
    yield _list("a larger page", _REFUSED, ("limit", str(MAX_LIMIT + 1)))
    yield _list("as many labels as a workflow has", _OK, *(("label", f"l{n}=x") for n in range(MAX_LABELS)))
    yield _list("300 labels", _REFUSED, *(("label", f"l{n}=x") for n in range(300)))
    yield _list("every state", _OK, *(("state", state.value) for state in WorkflowState))
    for name, most in LISTS.items():
        yield _list(f"too many of {name}", _REFUSED, *((name, "x=y") for _ in range(most + 1)))
    yield _list("as many DAGs as there may be", _OK, *(("readable_dag_id", f"d{n}") for n in range(1000)))
    for name in ("name", "key", "key_prefix", "search", "dag_id", "correlation_id"):
        yield _list(f"the longest text for {name}", _OK, (name, "%" * 1000))
        yield _list(f"a longer text for {name}", _REFUSED, (name, "%" * 1001))
    yield _list("a cursor of nothing", _REFUSED, ("cursor", _cursor([])))
    yield _list("a deep cursor", _REFUSED, ("cursor", _cursor([[[]]] * 100)))
    yield _list("the longest cursor", _REFUSED, ("cursor", "W" * 2000))
    yield _list("a longer cursor", _REFUSED, ("cursor", "W" * 2001))


def _wide_pages(wide: WideWorkflow) -> Iterator[Edge]:
    """Every read of a wide workflow, including its largest page."""
    path, largest = f"/workflows/{wide.id}", [("limit", str(MAX_LIMIT))]
    yield Edge("the wide workflow", _OK, path)
    for part in ("steps", "journal", "compensations"):
        yield Edge(f"a page of its {part}", _OK, f"{path}/{part}", [("limit", "1")])
        yield Edge(f"the largest page of its {part}", _OK, f"{path}/{part}", largest)
    task = [("dag_id", "intake"), ("run_id", "x"), ("task_id", "y")]
    yield Edge("what a task of it did", _OK, f"{path}/task-activity", task)
    yield Edge("what no task of it did", _REFUSED, f"{path}/task-activity", task[:2])
    yield Edge(
        "its compensations of a state", _OK, f"{path}/compensations", [("state", "failed"), ("dag_id", "intake")]
    )
    yield Edge("one of its steps", _OK, f"{path}/steps/{wide.step_id}")
    yield Edge("the checkpoints of a step", _OK, f"{path}/steps/{wide.step_id}/checkpoints", largest)
    yield Edge("what may be done", _OK, f"{path}/actions")
    yield Edge("the list with it", _OK, "/workflows", [("name", "wide"), ("total", "true")])
    yield Edge("counts with it", _OK, "/stats", [("name", "wide")])
    for plan in ("cancel-plan", "compensate-plan", "resume-plan"):
        yield Edge(f"its {plan}", _OK, f"{path}/{plan}")


def _start(title: str, status: int, **fields: Any) -> Edge:
    return Edge(f"a start with {title}", status, starts=fields)


def _list(title: str, status: int, *query: tuple[str, str]) -> Edge:
    return Edge(f"a list with {title}", status, query=list(query))


def _names(count: int) -> list[str]:
    return [f"{number:04}{'x' * 20}" for number in range(count)]


def _unique(character: str, length: int, stem: str) -> str:
    return f"{stem}{character * length}"[:length]


def _cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")[:2000]
