"""What would keep a compensation from running, as far as Airflow's tables show.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from functools import cached_property
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.store.compensation.pending import PendingCompensation
from airflow_wfstate.store.compensation.relay import NoRelay, Relay, find_relay
from airflow_wfstate.store.compensation.relay_code import relay_code, what_is_missing
from airflow_wfstate.store.compensation.service_undo import find_service
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, UNFINISHED_RUN_STATES, dag
from airflow_wfstate.store.runs.code import RunCodes


class CompensationObstacles:
    """Finds what would keep each compensation of a workflow from running. Looks up shared facts of mapped items once.

    :param asked: which code a person asked the relays to use; None to decide as Airflow does.
    """

    def __init__(self, session: Session, workflow_id: str, asked: Code | None) -> None:
        from airflow.models.dagbag import DBDagBag

        self._session = session
        self._workflow_id = workflow_id
        self._codes = RunCodes(session, DBDagBag(load_op_links=False), asked)
        self._relays: dict[tuple[str, str, str], Relay | NoRelay] = {}
        self._missing: dict[tuple[str, str], str | None] = {}
        self._paused: dict[str, str | None] = {}

    def of(self, pending: PendingCompensation) -> str | None:
        """Return why a compensation could not run now, in one sentence; None when no obstacle is known."""
        if pending.is_of_service:
            return self._why_not_asked(pending) or pending.why_no_output()
        relay = self._relay(pending)
        if isinstance(relay, NoRelay):
            return relay.why(pending.label)
        return self._why_no_handler(pending, relay) or pending.why_no_output() or self._why_paused(relay.dag_id)

    def _why_not_asked(self, pending: PendingCompensation) -> str | None:
        found = find_service(self._session.connection(), *self._definition, pending)
        if isinstance(found, str):
            return found
        service, recipient = found
        if recipient.paused_because is None:
            return None
        return (
            f"Subscription {recipient.name}, which delivers requests to {service.name}, is paused: the request is sent "
            f"once you continue it with: airflow wfstate subscriptions continue {recipient.name}"
        )

    @cached_property
    def _definition(self) -> tuple[str, str]:
        """The workflow's name, and the hash of its definition."""
        found = select(schema.workflow.c.name, schema.workflow.c.definition_sha256)
        row = self._session.connection().execute(found.where(schema.workflow.c.id == self._workflow_id)).one()
        return row.name, row.definition_sha256

    def _relay(self, pending: PendingCompensation) -> Relay | NoRelay:
        key = (pending.dag_id, pending.run_id, pending.handler)
        if key not in self._relays:
            self._relays[key] = find_relay(self._session.connection(), self._workflow_id, pending)
        return self._relays[key]

    def _why_no_handler(self, pending: PendingCompensation, relay: Relay) -> str | None:
        """Look for the handler in the task that declares it, in the code that the relay will use."""
        key = (relay.task_instance_id, pending.handler)
        if key not in self._missing:
            self._missing[key] = self._what_is_missing(pending.handler, relay)
        missing = self._missing[key]
        return None if missing is None else f"DAG {relay.dag_id} {missing} {pending.label}."

    def _what_is_missing(self, handler: str, relay: Relay) -> str | None:
        from airflow.models.taskinstance import TaskInstance

        task = self._session.get(TaskInstance, UUID(relay.task_instance_id))
        if task is None:
            return None  # being cleared right now; it reappears under its next id
        run = task.dag_run
        is_cleared_first = task.state in FINISHED_TASK_STATES or run.state not in UNFINISHED_RUN_STATES
        uses = relay_code(self._codes, run, task.task_id, handler) if is_cleared_first else Code.SAME
        used = self._codes.latest_dag(run.dag_id) if uses is Code.LATEST else self._codes.own_dag(run)
        return what_is_missing(used, task.task_id, handler)

    def _why_paused(self, dag_id: str) -> str | None:
        if dag_id not in self._paused:
            found = select(dag.c.is_paused).where(dag.c.dag_id == dag_id)
            is_paused = self._session.connection().execute(found).scalar_one_or_none()
            why = f"DAG {dag_id} is paused: its relay runs when it is unpaused."
            self._paused[dag_id] = why if is_paused else None
        return self._paused[dag_id]
