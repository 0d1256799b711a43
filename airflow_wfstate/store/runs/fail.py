"""End the runs of a workflow: fail their unfinished tasks, so that the scheduler ends the runs as failed.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.

Airflow's ``set_dag_run_state_to_failed`` is not used: it skips tasks that had not begun, and the run then ends well.
Relays and other teardowns stay unchanged; they run when all others are over. A running process notices at its next
heartbeat: its supervisor sends SIGTERM, and SIGKILL five seconds later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from airflow_wfstate.domain.messages.cancel import UnfinishedTask
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import (
    FINISHED_TASK_STATES,
    UNFINISHED_RUN_STATES,
    dag_run,
    task_instance,
)
from airflow_wfstate.store.database.transaction import Contention
from airflow_wfstate.store.runs.code import RunCodes, is_versioned
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.deciding_runs import DAG_RUN, HAS_DECIDING_ROLE

if TYPE_CHECKING:
    from airflow.serialization.definitions.dag import SerializedDAG

_run: Final = schema.run

_CHUNK: Final = 500
"""Ids per statement: old SQLite allows 999 parameters."""


@dataclass(frozen=True)
class RunsToEnd:
    """Unfinished runs of one version of a DAG.

    :param spared: ids of the tasks that stay unchanged: the relay and the other teardowns.
    """

    dag_id: str
    run_ids: list[str]
    spared: frozenset[str]

    def tasks(self) -> Iterator[ColumnElement[bool]]:
        """Conditions that find their unfinished tasks, a few hundred runs each."""
        for start in range(0, len(self.run_ids), _CHUNK):
            yield and_(
                task_instance.c.dag_id == self.dag_id,
                task_instance.c.run_id.in_(self.run_ids[start : start + _CHUNK]),
                task_instance.c.task_id.not_in(self.spared),
                or_(task_instance.c.state.is_(None), task_instance.c.state.not_in(FINISHED_TASK_STATES)),
            )


def runs_to_end(connection: Connection, workflow_id: str) -> list[RunsToEnd]:
    """The unfinished owner and child runs of a workflow. Reads their DAGs, so call it before locking anything."""
    from airflow.models.dagbag import DBDagBag
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

    found: dict[tuple[str, frozenset[str]], list[str]] = {}
    teardowns: dict[tuple[str, object], frozenset[str]] = {}
    # The session joins the connection's transaction and leaves it open.
    with Session(connection) as session:
        codes = RunCodes(session, DBDagBag(load_op_links=False), asked=None)
        rows = connection.execute(_runs(workflow_id).order_by(dag_run.c.id)).all()
        for row in rows:
            run = session.get(DagRun, row.id)
            if run is None:
                continue
            version = (run.dag_id, run.created_dag_version_id if is_versioned(run) else None)
            if version not in teardowns:
                teardowns[version] = _teardowns(codes.own_dag(run))
            spared = teardowns[version] | ({row.relay_task_id} if row.relay_task_id else frozenset())
            found.setdefault((run.dag_id, spared), []).append(run.run_id)
    return [RunsToEnd(dag_id, run_ids, spared) for (dag_id, spared), run_ids in found.items()]


def unfinished_tasks(connection: Connection, workflow_id: str) -> list[UnfinishedTask]:
    """The tasks that :func:`fail_unfinished_tasks` would fail, by DAG, run, task and map index."""
    identity = (task_instance.c.dag_id, task_instance.c.run_id, task_instance.c.task_id, task_instance.c.map_index)
    rows = [
        row
        for runs in runs_to_end(connection, workflow_id)
        for condition in runs.tasks()
        for row in connection.execute(select(*identity, task_instance.c.state).where(condition))
    ]
    return [UnfinishedTask(*row) for row in sorted(rows, key=lambda row: tuple(row)[:4])]


def fail_unfinished_tasks(connection: Connection, change: Change, found: list[RunsToEnd]) -> int:
    """Set every unfinished task of these runs to failed; return how many there were.

    Waits until the scheduler is done with the runs and keeps it away until the transaction ends, so that it does not
    overwrite these states. Call it last.

    :param found: the unfinished runs of the workflow (:func:`runs_to_end`).
    :raises Contention: a run has begun since they were read.
    """
    locked = connection.execute(_runs(change.workflow_id).order_by(dag_run.c.id).with_for_update(of=dag_run)).all()
    if {(row.dag_id, row.run_id) for row in locked} - {
        (runs.dag_id, run_id) for runs in found for run_id in runs.run_ids
    }:
        raise Contention(f"a run of workflow {change.workflow_id} has just begun")
    return sum(
        connection.execute(
            update(task_instance)
            .where(condition)
            .values(
                state="failed",
                start_date=func.coalesce(task_instance.c.start_date, change.now),
                end_date=change.now,
                trigger_id=None,
                updated_at=change.now,
            )
        ).rowcount
        for runs in found
        for condition in runs.tasks()
    )


def paused_dags(connection: Connection, workflow_id: str, undoing: Collection[str] = ()) -> list[str]:
    """The paused DAGs of the workflow's unfinished owner and child runs, and of its undos, by id.

    :param undoing: ids of the DAGs whose relays have something to undo, also in runs that have ended.
    """
    from airflow.models.dag import DagModel

    model = DagModel.__table__
    unfinished = _runs(workflow_id).with_only_columns(dag_run.c.dag_id)
    return list(
        connection.execute(
            select(model.c.dag_id)
            .where(model.c.is_paused, or_(model.c.dag_id.in_(unfinished), model.c.dag_id.in_(undoing)))
            .order_by(model.c.dag_id)
        ).scalars()
    )


def _runs(workflow_id: str) -> Select[tuple[int, str, str, str | None]]:
    return (
        select(dag_run.c.id, dag_run.c.dag_id, dag_run.c.run_id, _run.c.relay_task_id)
        .join(_run, DAG_RUN)
        .where(_run.c.workflow_id == workflow_id, HAS_DECIDING_ROLE, dag_run.c.state.in_(UNFINISHED_RUN_STATES))
    )


def _teardowns(dag: SerializedDAG | None) -> frozenset[str]:
    """The teardowns of a DAG; none when Airflow no longer knows the DAG."""
    return frozenset() if dag is None else frozenset(task.task_id for task in dag.tasks if task.is_teardown)
