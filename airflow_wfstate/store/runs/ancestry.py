"""A run's ancestry: the steps that wait for it, and the role of the run at the top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.store.database import schema


def ancestor_step_ids(connection: Connection, workflow_id: str, dag_id: str, run_id: str) -> set[str]:
    """The steps that wait for a run of the workflow, up to the top run, which no step triggered."""
    return {run.parent_step_id for run in _upwards(connection, workflow_id, dag_id, run_id) if run.parent_step_id}


class GuestRuns:
    """Tells which runs of a workflow belong to its guests: the guests themselves, and the runs their steps triggered.

    Looks up each run once.
    """

    def __init__(self, connection: Connection, workflow_id: str) -> None:
        self._connection = connection
        self._workflow_id = workflow_id
        self._known: dict[tuple[str, str], bool] = {}

    def has(self, dag_id: str, run_id: str) -> bool:
        """Whether the run belongs to a guest."""
        key = (dag_id, run_id)
        if key not in self._known:
            runs = list(_upwards(self._connection, self._workflow_id, dag_id, run_id))
            self._known[key] = bool(runs) and runs[-1].role is RunRole.GUEST
        return self._known[key]


@dataclass(frozen=True)
class _LinkedRun:
    role: RunRole
    parent_step_id: str | None


def _upwards(connection: Connection, workflow_id: str, dag_id: str, run_id: str) -> Iterator[_LinkedRun]:
    """The run, the run whose step triggered it, and so on."""
    run, step, attempt = schema.run, schema.step, schema.attempt
    seen: set[str] = set()
    while True:
        row = connection.execute(
            select(run.c.role, run.c.parent_step_id, attempt.c.dag_id, attempt.c.run_id)
            .outerjoin(step, step.c.id == run.c.parent_step_id)
            .outerjoin(attempt, (attempt.c.step_id == step.c.id) & (attempt.c.number == step.c.attempt))
            .where(run.c.workflow_id == workflow_id, run.c.dag_id == dag_id, run.c.run_id == run_id)
        ).one_or_none()
        if row is None or row.parent_step_id in seen:
            return
        yield _LinkedRun(RunRole(row.role), row.parent_step_id)
        if row.parent_step_id is None or row.dag_id is None:
            return
        seen.add(row.parent_step_id)
        dag_id, run_id = row.dag_id, row.run_id
