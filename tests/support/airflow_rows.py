"""Rows in Airflow's own tables, as the scheduler would write them.

The store reads from these tables what Airflow knows, so a test that needs a running task has to put one there.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import uuid6
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.models.trigger import Trigger
from airflow.models.xcom import XComModel
from sqlalchemy import Connection, Engine, RowMapping, and_, delete, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session

_XCOM = XComModel.__table__


class AirflowRows:
    """Creates and changes DAG runs and task instances."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add_run(
        self, dag_id: str, run_id: str | None = None, state: str = "running", *, triggered_by: str | None = None
    ) -> str:
        """Insert a DAG run, and return its run id.

        :param triggered_by: a name of Airflow's ``DagRunTriggeredByType``.
        """
        run_id = run_id or f"manual__{uuid6.uuid7()}"
        now = datetime.now(timezone.utc)
        with self.engine.begin() as connection:
            connection.execute(
                insert(DagRun.__table__).values(
                    dag_id=dag_id,
                    run_id=run_id,
                    run_type="manual",
                    state=state,
                    triggered_by=triggered_by,
                    run_after=now,
                    start_date=now,
                    clear_number=0,
                    span_status="not_started",
                )
            )
        return run_id

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Delete a run, as ``airflow dags test`` does before it creates another run with the same id."""
        with self.engine.begin() as connection:
            for table in (TaskInstanceHistory.__table__, TaskInstance.__table__, DagRun.__table__):
                connection.execute(delete(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id))

    def add_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int = -1,
        state: str | None = "running",
        operator: str | None = None,
    ) -> str:
        """Insert a task instance, and return its id. ``operator`` is the name of its operator's class."""
        task_instance_id = uuid6.uuid7()
        with self.engine.begin() as connection:
            connection.execute(
                insert(TaskInstance.__table__).values(
                    id=task_instance_id,
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id=task_id,
                    map_index=map_index,
                    try_number=1,
                    max_tries=3,
                    pool="default_pool",
                    pool_slots=1,
                    state=state,
                    operator=operator,
                    span_status="not_started",
                )
            )
            if state == "success":
                _push_return_value(connection, str(task_instance_id))
        return str(task_instance_id)

    def running_task(self, dag_id: str = "orders", task_id: str = "work", run_id: str | None = None) -> str:
        """Insert a running task instance, in a new run unless one is given, and return its id."""
        return self.add_task(dag_id, run_id or self.add_run(dag_id), task_id)

    def report_from(self, task_instance_id: str, hostname: str, pid: int) -> None:
        """Record where the process of a running task is, as its supervisor reports when it starts."""
        with self.engine.begin() as connection:
            connection.execute(
                update(TaskInstance.__table__)
                .where(TaskInstance.__table__.c.id == _uuid(task_instance_id))
                .values(hostname=hostname, pid=pid)
            )

    def set_task_state(self, task_instance_id: str, state: str | None, *, ended_ago: timedelta | None = None) -> None:
        """Set the state of a task instance; ``ended_ago`` sets when it ended."""
        ended_at = None if ended_ago is None else datetime.now(timezone.utc) - ended_ago
        with self.engine.begin() as connection:
            connection.execute(
                update(TaskInstance.__table__)
                .where(TaskInstance.__table__.c.id == _uuid(task_instance_id))
                .values(state=state, end_date=ended_at)
            )
            if state == "success":
                _push_return_value(connection, task_instance_id)

    def delete_return_values(self, dag_id: str) -> None:
        """Delete a DAG's return values, as ``airflow db clean --tables xcom`` does."""
        with self.engine.begin() as connection:
            connection.execute(delete(_XCOM).where(_XCOM.c.dag_id == dag_id))

    def task_state(self, task_instance_id: str) -> str | None:
        """The state of a task instance; ``cleared`` if its id is gone, as after a clear."""
        table = TaskInstance.__table__
        with self.engine.connect() as connection:
            row = connection.execute(select(table.c.state).where(table.c.id == _uuid(task_instance_id))).one_or_none()
        return "cleared" if row is None else row.state

    def wait_for_trigger(self, task_instance_id: str) -> None:
        """Have a deferred task wait for a trigger."""
        trigger = Trigger.__table__
        with self.engine.begin() as connection:
            trigger_id = connection.execute(
                insert(trigger)
                .values(classpath="none.At.All", kwargs="{}", created_date=datetime.now(timezone.utc))
                .returning(trigger.c.id)
            ).scalar_one()
            connection.execute(
                update(TaskInstance.__table__)
                .where(TaskInstance.__table__.c.id == _uuid(task_instance_id))
                .values(state="deferred", trigger_id=trigger_id)
            )

    def task_row(self, task_instance_id: str) -> RowMapping:
        """The row of a task instance in Airflow's table, by column."""
        table = TaskInstance.__table__
        with self.engine.connect() as connection:
            return connection.execute(select(table).where(table.c.id == _uuid(task_instance_id))).mappings().one()

    def find_task(self, dag_id: str, run_id: str, task_id: str) -> tuple[str, str | None] | None:
        """The id and state of a task's newest try; None if there is none."""
        table = TaskInstance.__table__
        with self.engine.connect() as connection:
            row = connection.execute(
                select(table.c.id, table.c.state).where(
                    table.c.dag_id == dag_id, table.c.run_id == run_id, table.c.task_id == task_id
                )
            ).one_or_none()
        return None if row is None else (str(row.id), row.state)

    def unfinished_task(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """The id of a task's instance that has yet to run; None if it has ended."""
        table = TaskInstance.__table__
        with self.engine.connect() as connection:
            row = connection.execute(
                select(table.c.id).where(
                    table.c.dag_id == dag_id,
                    table.c.run_id == run_id,
                    table.c.task_id == task_id,
                    table.c.state.is_(None) | table.c.state.not_in(["success", "failed", "skipped"]),
                )
            ).one_or_none()
        return None if row is None else str(row.id)

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> None:
        """Set the state of a DAG run."""
        table = DagRun.__table__
        with self.engine.begin() as connection:
            connection.execute(
                update(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id).values(state=state)
            )

    def pause_dag(self, dag_id: str) -> None:
        """Make a DAG known to Airflow, and pause it."""
        with Session(self.engine) as session:
            session.merge(DagBundleModel(name="tests"))
            session.flush()
            session.add(DagModel(dag_id=dag_id, bundle_name="tests", is_paused=True))
            session.commit()

    def count_clear(self, dag_id: str, run_id: str) -> None:
        """Change the run itself as a clear does."""
        table = DagRun.__table__
        with self.engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.dag_id == dag_id, table.c.run_id == run_id)
                .values(clear_number=table.c.clear_number + 1, state="running", queued_at=datetime.now(timezone.utc))
            )

    def start_run_now(self, dag_id: str, run_id: str) -> None:
        """Start a DAG run that was queued."""
        table = DagRun.__table__
        with self.engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.dag_id == dag_id, table.c.run_id == run_id)
                .values(start_date=datetime.now(timezone.utc), state="running")
            )

    def next_try(self, task_instance_id: str, *, state: str = "failed", ended_ago: timedelta = timedelta()) -> str:
        """Do what a retry or a clear does: move the old try to the history, and give the row a new id.

        :param ended_ago: how long ago the old try ended.
        :return: the new id.
        """
        new_id = uuid6.uuid7()
        table, history = TaskInstance.__table__, TaskInstanceHistory.__table__
        with self.engine.begin() as connection:
            row = connection.execute(select(table).where(table.c.id == _uuid(task_instance_id))).mappings().one()
            kept = {
                name: value for name, value in row.items() if name in history.c and name not in ("state", "end_date")
            }
            connection.execute(
                insert(history).values(
                    **kept,
                    task_instance_id=row["id"],
                    state=state,
                    end_date=datetime.now(timezone.utc) - ended_ago,
                )
            )
            # In place, as in Airflow: deleting the row would delete its history.
            connection.execute(
                update(table)
                .where(table.c.id == row["id"])
                .values(id=new_id, try_number=row["try_number"] + 1, state="running", end_date=None)
            )
        return str(new_id)

    def begin_cleared(self, task_instance_id: str) -> None:
        """Run a task that was cleared, as the scheduler does, and count the try."""
        table, history = TaskInstance.__table__, TaskInstanceHistory.__table__
        tries = select(func.max(history.c.try_number)).where(
            history.c.dag_id == table.c.dag_id,
            history.c.run_id == table.c.run_id,
            history.c.task_id == table.c.task_id,
            history.c.map_index == table.c.map_index,
        )
        with self.engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.id == _uuid(task_instance_id))
                .values(state="running", try_number=func.coalesce(tries.scalar_subquery(), 0) + 1, end_date=None)
            )

    def audit(
        self,
        event: str,
        dag_id: str,
        run_id: str | None,
        asked: dict[str, object],
        *,
        task_id: str | None = None,
        who: str = "ann",
    ) -> None:
        """Record somebody's request in Airflow's audit table, as its api-server does."""
        with self.engine.begin() as connection:
            connection.execute(
                insert(Log.__table__).values(
                    dttm=datetime.now(timezone.utc),
                    event=event,
                    owner=who,
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id=task_id,
                    extra=json.dumps(asked),
                )
            )

    def mark_task(
        self,
        task_instance_id: str,
        state: str,
        *,
        told: bool = True,
        ended_ago: timedelta = timedelta(minutes=5),
    ) -> None:
        """Do what marking a task by hand does.

        :param told: whether the audit table names who did it.
        :param ended_ago: how long ago the task ended thereby.
        """
        row = self.task_row(task_instance_id)
        if told:
            asked: dict[str, object] = {"new_state": state, "method": "PATCH"}
            self.audit("patch_task_instance", row["dag_id"], row["run_id"], asked, task_id=row["task_id"])
        self.set_task_state(task_instance_id, state, ended_ago=ended_ago)

    def mark_run(self, dag_id: str, run_id: str, state: str, *, is_over: bool = True) -> None:
        """Do what marking a run by hand does to it and its tasks; without ``is_over`` a teardown has yet to run.

        The relay, which is a teardown, stays as it is.
        """
        self.audit("patch_dag_run", dag_id, run_id, {"state": state, "method": "PATCH"})
        table = TaskInstance.__table__
        of_run = (table.c.dag_id == dag_id, table.c.run_id == run_id, table.c.task_id != "compensate")
        over = ["success", "failed", "skipped", "upstream_failed", "removed"]
        at_work = ["running", "deferred", "up_for_reschedule", "awaiting_input"]
        now = datetime.now(timezone.utc)
        with self.engine.begin() as connection:
            pending = table.c.state.is_(None) | table.c.state.not_in([*over, *at_work])
            connection.execute(update(table).where(*of_run, pending).values(state="skipped", end_date=now))
            connection.execute(
                update(table)
                .where(*of_run, table.c.state.in_(at_work))
                .values(state=state, end_date=now - timedelta(minutes=5))
            )
        if is_over:
            self.set_run_state(dag_id, run_id, state)

    def delete_task(self, task_instance_id: str) -> None:
        """Delete a task instance without a trace."""
        table = TaskInstance.__table__
        with self.engine.begin() as connection:
            connection.execute(delete(table).where(table.c.id == _uuid(task_instance_id)))


def _uuid(text: str) -> object:
    from uuid import UUID

    return UUID(text)


def _push_return_value(connection: Connection, task_instance_id: str) -> None:
    """Store what a task's return value leaves for the tasks below it."""
    task, run, key = TaskInstance.__table__, DagRun.__table__, "return_value"
    pushed = exists().where(_XCOM.c.dag_run_id == run.c.id, _XCOM.c.task_id == task.c.task_id, _XCOM.c.key == key)
    returned = (
        select(
            run.c.id,
            task.c.task_id,
            task.c.map_index,
            literal(key),
            task.c.dag_id,
            task.c.run_id,
            literal("1", _XCOM.c.value.type),
            func.now(),
        )
        .join(run, and_(run.c.dag_id == task.c.dag_id, run.c.run_id == task.c.run_id))
        .where(task.c.id == _uuid(task_instance_id), ~pushed.where(_XCOM.c.map_index == task.c.map_index))
    )
    columns = ["dag_run_id", "task_id", "map_index", "key", "dag_id", "run_id", "value", "timestamp"]
    connection.execute(insert(_XCOM).from_select(columns, returned))
