"""What is asked for in a URL: the parameters of the client's GET requests."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

from airflow_wfstate.domain.messages.pages import CompensationFilter, StepFilter
from airflow_wfstate.domain.messages.workflow import WorkflowQuery, WorkflowSort


def page_parameters(limit: int, **begin: str | int | None) -> dict[str, Any]:
    """Of a page: its size, and where it begins."""
    return {"limit": limit, **given_parameters(**begin)}


def given_parameters(**parameters: str | int | None) -> dict[str, Any]:
    """The parameters that are not None; of an enum its value."""
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in parameters.items()
        if value is not None
    }


def step_parameters(wanted: StepFilter) -> dict[str, Any]:
    """Of what a page of steps is narrowed to."""
    parameters = {
        "participant": wanted.participant,
        "name": wanted.name,
        "parent_step_id": wanted.parent_step_id,
        "is_mapped": wanted.is_mapped,
        "state": [state.value for state in wanted.states],
        "run_id": wanted.run_id,
        "task_id": wanted.task_id,
        "map_index": wanted.map_index,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def compensation_parameters(wanted: CompensationFilter) -> dict[str, Any]:
    """Of what a page of compensations is narrowed to."""
    return {
        "state": [state.value for state in wanted.states],
        **given_parameters(dag_id=wanted.dag_id, run_id=wanted.run_id),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def query_parameters(query: WorkflowQuery) -> dict[str, Any]:
    """Of a list of workflows."""
    parameters = {**filter_parameters(query), "limit": query.limit}
    if query.sort is not WorkflowSort.NEWEST:
        parameters["sort"] = query.sort.value
    if query.cursor is not None:
        parameters["cursor"] = query.cursor
    if query.with_total:
        parameters["total"] = True
    return parameters


def filter_parameters(query: WorkflowQuery) -> dict[str, Any]:
    """Of what a list of workflows, or a count, is narrowed to."""
    parameters = {
        "name": query.name,
        "key": query.key,
        "key_prefix": query.key_prefix,
        "search": query.search,
        "state": [state.value for state in query.states],
        "dag_id": query.dag_id,
        "run_id": query.run_id,
        "correlation_id": query.correlation_id,
        "label": [f"{name}={value}" for name, value in query.labels.items()],
        "step_state": [state.value for state in query.step_states],
        "stuck": query.stuck,
        "since": _iso(query.since),
        "until": _iso(query.until),
        "updated_since": _iso(query.updated_since),
        "updated_until": _iso(query.updated_until),
        # An empty list cannot be told from none in a URL; no DAG has an empty id.
        "readable_dag_id": None if query.readable_dag_ids is None else sorted(query.readable_dag_ids) or [""],
    }
    return {name: value for name, value in parameters.items() if value is not None}
