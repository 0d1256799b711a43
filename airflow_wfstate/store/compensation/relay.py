"""The relay that runs a compensation: its current task instance."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from airflow_wfstate.allowed_handlers import allows_handler
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER
from airflow_wfstate.store.compensation.pending import PendingCompensation
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance

_run = schema.run


@dataclass(frozen=True)
class Relay:
    """A relay of the workflow.

    :param dag_id: with ``run_id``: the run that the relay belongs to.
    :param task_instance_id: its current id; a clear or retry changes it.
    """

    dag_id: str
    run_id: str
    task_instance_id: str


@dataclass(frozen=True)
class NoRelay:
    """No relay exists that could run the compensations of a run.

    :param relay_task_id: the relay task of that run; None when its DAG has none.
    """

    dag_id: str
    run_id: str
    relay_task_id: str | None

    def why(self, label: str) -> str:
        """Return why a step of the run cannot be undone, in one sentence.

        :param label: the step's label.
        """
        if self.relay_task_id is None:
            return f"DAG {self.dag_id} has no CompensateWorkflowOperator to undo step {label}."
        return (
            f"Run {self.run_id} of DAG {self.dag_id} or its task {self.relay_task_id} is gone: "
            f"nothing can undo step {label}."
        )


def find_relay(connection: Connection, workflow_id: str, pending: PendingCompensation) -> Relay | NoRelay:
    """The relay of the run that did the step.

    If it is gone and ``[wfstate] handler_modules`` allows the handler everywhere, the first other relay of the
    workflow.
    """
    of_run = _relays(workflow_id).where(_run.c.dag_id == pending.dag_id, _run.c.run_id == pending.run_id)
    own = connection.execute(of_run).one_or_none()
    if own is not None:
        return Relay(own.dag_id, own.run_id, str(own.id))
    if not pending.handler.startswith(TASK_HANDLER) and allows_handler(pending.handler):
        any_other = _relays(workflow_id).order_by(_run.c.linked_at, _run.c.dag_id, _run.c.run_id).limit(1)
        other = connection.execute(any_other).one_or_none()
        if other is not None:
            return Relay(other.dag_id, other.run_id, str(other.id))
    relay_task_id = connection.execute(
        select(_run.c.relay_task_id).where(
            _run.c.workflow_id == workflow_id, _run.c.dag_id == pending.dag_id, _run.c.run_id == pending.run_id
        )
    ).scalar_one_or_none()
    return NoRelay(pending.dag_id, pending.run_id, relay_task_id)


def has_relay(connection: Connection, workflow_id: str) -> bool:
    """Whether a DAG of the workflow has a relay, as far as its runs have reported."""
    registered = select(_run.c.run_id).where(
        _run.c.workflow_id == workflow_id, _run.c.bound, _run.c.relay_task_id.is_not(None)
    )
    return connection.execute(registered.limit(1)).first() is not None


def _relays(workflow_id: str) -> Select[tuple[str, str, str]]:
    return (
        select(_run.c.dag_id, _run.c.run_id, task_instance.c.id)
        .join(
            task_instance,
            (task_instance.c.dag_id == _run.c.dag_id)
            & (task_instance.c.run_id == _run.c.run_id)
            & (task_instance.c.task_id == _run.c.relay_task_id),
        )
        .where(_run.c.workflow_id == workflow_id, task_instance.c.map_index == -1)
    )
