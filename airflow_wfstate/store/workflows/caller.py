"""The task instance that is calling, as Airflow's tables know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.exceptions import TaskInstanceNotFound
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run, task_instance
from airflow_wfstate.store.database.schema import NO_PLACE
from airflow_wfstate.store.workflows.rehearsal import IS_BOUND, IS_REHEARSAL

_READ: Final = (
    select(
        task_instance.c.id,
        task_instance.c.dag_id,
        task_instance.c.run_id,
        task_instance.c.task_id,
        task_instance.c.map_index,
        task_instance.c.try_number,
        task_instance.c.state,
        dag_run.c.clear_number,
        schema.run.c.workflow_id,
        schema.run.c.role,
        schema.run.c.relay_task_id,
        schema.run.c.clears_at_failure,
        schema.run.c.parent_step_id,
        task_instance.c.dag_version_id,
        dag_run.c.bundle_version,
        IS_REHEARSAL.label("is_rehearsal"),
    )
    .join(
        dag_run,
        (dag_run.c.dag_id == task_instance.c.dag_id) & (dag_run.c.run_id == task_instance.c.run_id),
    )
    .outerjoin(
        schema.run,
        (schema.run.c.dag_id == task_instance.c.dag_id) & (schema.run.c.run_id == task_instance.c.run_id) & IS_BOUND,
    )
    .where(task_instance.c.id == bindparam("task_instance_id"))
)


@dataclass(frozen=True)
class Caller:
    """A running task instance.

    :param clear_number: how often its run has been cleared.
    :param workflow_id: the workflow that its run is bound to; None when it is bound to none.
    :param role: the role of its run in that workflow.
    :param relay_task_id: the relay that its run has registered there.
    :param clears_at_failure: how often its run had been cleared when that workflow last failed; None when it never
        failed, or failed before revision 0007.
    :param place: id of the step that triggered its run; ``schema.NO_PLACE`` when none did.
    :param dag_version_id: Airflow's id of the DAG version that it runs.
    :param bundle_version: the bundle version that it runs; None for a bundle without versions.
    :param is_rehearsal: whether ``dag.test()``, ``airflow dags test`` or ``airflow tasks test`` created its run.
    """

    task_instance_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    clear_number: int
    workflow_id: str | None
    role: RunRole | None
    relay_task_id: str | None
    clears_at_failure: int | None
    place: str
    is_rehearsal: bool
    dag_version_id: str | None
    bundle_version: str | None

    @property
    def was_cleared_since_failure(self) -> bool:
        """Whether someone cleared a task of its run after the workflow failed, which is a request to continue.

        If revision 0007 came after the failure, any clear of the run counts, as the two cannot be told apart.
        """
        return self.clear_number > (self.clears_at_failure or 0)

    @property
    def actor(self) -> str:
        """How the journal names the caller."""
        return task_actor(self.dag_id, self.run_id, self.task_id, self.map_index)


def task_actor(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    """How the journal names a task as the actor."""
    index = f"[{map_index}]" if map_index >= 0 else ""
    return f"task:{dag_id}/{run_id}/{task_id}{index}"


def check_task_instance_id(task_instance_id: str) -> str:
    """The id in its canonical form.

    :raises TaskInstanceNotFound: it is not a UUID.
    """
    try:
        return str(UUID(task_instance_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise TaskInstanceNotFound(
            f"{str(task_instance_id)[:80]!r} is not the id of a task instance.", "Give the id of the running task."
        ) from error


def read_caller(connection: Connection, task_instance_id: str) -> Caller:
    """Read the caller.

    :raises TaskInstanceNotFound: Airflow does not know it, or it is not running.
    """
    row = connection.execute(_READ, {"task_instance_id": task_instance_id}).one_or_none()
    if row is None:
        raise TaskInstanceNotFound(
            f"Airflow knows no task instance {task_instance_id}.",
            "It has been cleared or retried since (each gives a new id), or the DAG was deleted.",
        )
    if row.state != "running":
        raise TaskInstanceNotFound(
            f"Task instance {task_instance_id} ({row.dag_id}/{row.run_id}/{row.task_id}) is {row.state}, not running.",
            "Only a running task may do this.",
        )
    role = None if row.role is None else RunRole(row.role)
    return Caller(
        task_instance_id=row.id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        clear_number=row.clear_number,
        workflow_id=row.workflow_id,
        role=role,
        relay_task_id=row.relay_task_id,
        clears_at_failure=row.clears_at_failure,
        place=row.parent_step_id if role is RunRole.CHILD and row.parent_step_id is not None else NO_PLACE,
        is_rehearsal=bool(row.is_rehearsal),
        dag_version_id=row.dag_version_id,
        bundle_version=row.bundle_version,
    )
