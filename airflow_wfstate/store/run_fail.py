"""Ending the runs of a workflow: what has not ended in them is set to failed, so that the scheduler ends them failed.

Only where Airflow's own ORM may be used: in the api-server and the command line, never in a worker.

Airflow's ``set_dag_run_state_to_failed`` is not used: it skips what had not begun, and the run then ends well. Relays
and other teardowns are left as they are; they run when all others are over. A process that is at work learns of it by
its next heartbeat: its supervisor sends SIGTERM, and SIGKILL five seconds later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from airflow_wfstate.domain.cancel import UnfinishedTask
from airflow_wfstate.domain.workflow import RunRole
from airflow_wfstate.store import schema
from airflow_wfstate.store.airflow_tables import FINISHED_TASK_STATES, UNFINISHED_RUN_STATES, dag_run, task_instance
from airflow_wfstate.store.change import Change

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag

_run: Final = schema.run

_DECIDING_RUNS: Final = and_(
    _run.c.bound,
    _run.c.role.in_([RunRole.OWNER.value, RunRole.CHILD.value]),
)

_CHUNK: Final = 500
"""Ids in one statement: SQLite allows 999 parameters where it is old."""


def unfinished_tasks(connection: Connection, workflow_id: str) -> list[UnfinishedTask]:
    """What :func:`fail_unfinished_tasks` would set to failed, by DAG, run, task and map index."""
    return [task for _, task in _find(connection, workflow_id)]


def fail_unfinished_tasks(connection: Connection, change: Change) -> int:
    """Set every unfinished task of the workflow's owner and child runs to failed; how many there were.

    Waits for the scheduler when it is at one of these runs, so that it does not overwrite what is written here.
    """
    connection.execute(_runs(change.workflow_id).order_by(dag_run.c.id).with_for_update(of=dag_run)).all()
    task_instance_ids = [task_instance_id for task_instance_id, _ in _find(connection, change.workflow_id)]
    failed = 0
    for start in range(0, len(task_instance_ids), _CHUNK):
        failed += connection.execute(
            update(task_instance)
            .where(task_instance.c.id.in_(task_instance_ids[start : start + _CHUNK]), _is_unfinished())
            .values(
                state="failed",
                start_date=func.coalesce(task_instance.c.start_date, change.now),
                end_date=change.now,
                trigger_id=None,
                updated_at=change.now,
            )
        ).rowcount
    return failed


def paused_dags(connection: Connection, workflow_id: str) -> list[str]:
    """The DAGs of the workflow's unfinished owner and child runs that are paused, by id."""
    from airflow.models.dag import DagModel

    model = DagModel.__table__
    return list(
        connection.execute(
            select(model.c.dag_id)
            .where(model.c.is_paused, model.c.dag_id.in_(_runs(workflow_id).with_only_columns(dag_run.c.dag_id)))
            .order_by(model.c.dag_id)
        ).scalars()
    )


def _runs(workflow_id: str) -> Select[tuple[int, str, str, str | None]]:
    return (
        select(dag_run.c.id, dag_run.c.dag_id, dag_run.c.run_id, _run.c.relay_task_id)
        .join(_run, and_(_run.c.dag_id == dag_run.c.dag_id, _run.c.run_id == dag_run.c.run_id))
        .where(_run.c.workflow_id == workflow_id, _DECIDING_RUNS, dag_run.c.state.in_(UNFINISHED_RUN_STATES))
    )


def _find(connection: Connection, workflow_id: str) -> list[tuple[str, UnfinishedTask]]:
    from airflow.models.dagbag import DBDagBag

    dag_bag = DBDagBag(load_op_links=False)
    found: list[tuple[str, UnfinishedTask]] = []
    for run in connection.execute(_runs(workflow_id).order_by(dag_run.c.dag_id, dag_run.c.run_id)).all():
        spared = _teardowns(connection, dag_bag, run.id) | {run.relay_task_id}
        rows = connection.execute(
            select(
                task_instance.c.id,
                task_instance.c.dag_id,
                task_instance.c.run_id,
                task_instance.c.task_id,
                task_instance.c.map_index,
                task_instance.c.state,
            )
            .where(task_instance.c.dag_id == run.dag_id, task_instance.c.run_id == run.run_id, _is_unfinished())
            .order_by(task_instance.c.task_id, task_instance.c.map_index)
        )
        found += [
            (row.id, UnfinishedTask(row.dag_id, row.run_id, row.task_id, row.map_index, row.state))
            for row in rows
            if row.task_id not in spared
        ]
    return found


def _is_unfinished() -> ColumnElement[bool]:
    return or_(task_instance.c.state.is_(None), task_instance.c.state.not_in(FINISHED_TASK_STATES))


def _teardowns(connection: Connection, dag_bag: DBDagBag, dag_run_id: int) -> set[str]:
    """The teardowns of a run's DAG, in the run's own version; none when Airflow has forgotten the DAG."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

    # Joins the transaction of the connection, and leaves its end to it.
    with Session(connection) as session:
        run = session.get(DagRun, dag_run_id)
        dag = None if run is None else dag_bag.get_dag_for_run(run, session)
    return set() if dag is None else {task.task_id for task in dag.tasks if task.is_teardown}
