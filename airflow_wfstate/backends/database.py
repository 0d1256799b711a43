"""DatabaseBackend: straight to the tables, one transaction a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.backends.transactions import Transaction, carried_out
from airflow_wfstate.domain.messages.access import WorkflowAccess
from airflow_wfstate.domain.messages.key_rotation import RotatedColumn
from airflow_wfstate.domain.messages.operation import Operation, Request
from airflow_wfstate.domain.messages.outbox.delivery_report import DeliveryReport
from airflow_wfstate.domain.messages.sweep_report import StartSweep, SweepReport
from airflow_wfstate.domain.messages.token import TokenAccepted
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.exceptions import AccessDenied
from airflow_wfstate.store.actions.cancel import why_not_cancel
from airflow_wfstate.store.actions.compensate import why_not_compensate
from airflow_wfstate.store.database.transaction import run_read, run_transaction
from airflow_wfstate.store.delivery.deliver import deliver
from airflow_wfstate.store.payloads.rotate_keys import count_payloads, old_keys_in_use, rotate_keys
from airflow_wfstate.store.resume.why_not_resume import why_not_resume
from airflow_wfstate.store.steps.hot_path import HotPath, has_hot_path
from airflow_wfstate.store.sweeping.health import Health, read_health
from airflow_wfstate.store.sweeping.sweep import sweep
from airflow_wfstate.store.waits.token import use_token
from airflow_wfstate.store.workflows.access import read_access, run_of_task, takes_part
from airflow_wfstate.store.workflows.stored_answer import KeyedRequest, answer_once, find_answer, keep_answer

Keyed = TypeVar("Keyed", bound=KeyedRequest)
Answer = TypeVar("Answer")

_DELIVERY_TIME: Final = timedelta(seconds=10)
"""For which a sweep delivers webhooks, too."""


class DatabaseBackend(StateBackend):
    """The database way: each operation is a transaction on the tables (:mod:`airflow_wfstate.backends.transactions`).

    :param engine: of Airflow's metadata database, PostgreSQL or SQLite; its pool is used, one connection a call.
    :param is_server: whether this process may use Airflow's own models, and may change runs and tasks: api-server,
        scheduler and command line. False in a worker that reaches the tables by a connection of type ``postgres``.
    :param read_timeout: how long PostgreSQL may work on one statement of what a user reads (what an attempt reads
        of itself excepted); zero: as long as it likes.
    """

    def __init__(self, engine: Engine, *, is_server: bool = True, read_timeout: timedelta = timedelta(0)) -> None:
        self.engine = engine
        self.read_timeout = read_timeout
        self.is_server = is_server
        self._hot_path = HotPath(engine) if has_hot_path(engine) else None

    def carry_out(self, operation: Operation[Request, Answer], request: Request) -> Answer:
        """See ``StateBackend.carry_out``."""
        if operation.needs_server:
            self._check_server()
        return carried_out(operation)(self, request)

    def sweep(self, request: StartSweep | None = None) -> SweepReport:
        """See ``StateBackend.sweep``."""
        self._check_server()
        if request is None or request.idempotency_key is None:
            return self._sweep()
        stored = find_answer(self.engine, request, SweepReport)
        return stored or keep_answer(self.engine, request, self._sweep())

    def _sweep(self) -> SweepReport:
        report = sweep(self.engine)
        # Behind the sweep's lease: a slow receiver keeps no other sweep from its work.
        return replace(report, delivered=self.deliver(_DELIVERY_TIME).delivered)

    def deliver(self, at_most: timedelta | None = None) -> DeliveryReport:
        """Deliver webhooks until there is nothing more to deliver.

        :param at_most: no letter is sent later than that after the begin; None: as long as there are some.
        :raises AccessDenied: in a worker that reaches the tables itself.
        :raises InvalidOption: ``[wfstate] webhook_hosts`` names what is no host.
        """
        self._check_server()
        return deliver(self.engine, at_most)

    def check(self) -> str:
        """See ``StateBackend.check``."""
        health = self.read(read_health)
        answered = f"{self.engine.dialect.name} answered"
        return f"{answered}; {counted(health.open_workflows or 0, 'open workflow')}"

    # What follows is not a way to the store: it serves the api-server and the command line.

    def why_not_cancel(self, workflow_id: str, *, compensate: bool = False) -> str | None:
        """Why a cancel would be refused, or change nothing; for the server's list of actions.

        :raises WorkflowNotFound: there is none with this id.
        """
        return self.read(partial(why_not_cancel, workflow_id=workflow_id, compensate=compensate))

    def why_not_compensate(self, workflow_id: str) -> str | None:
        """Why it would be refused to undo a workflow, or change nothing; as :meth:`why_not_cancel`."""
        return self.read(partial(why_not_compensate, workflow_id=workflow_id))

    def why_not_resume(self, workflow_id: str) -> str | None:
        """Why a resume would be refused, as its plan would say; as :meth:`why_not_cancel`."""
        self._check_server()
        return self.read(partial(why_not_resume, workflow_id=workflow_id))

    def read_access(self, workflow_id: str) -> WorkflowAccess:
        """Who takes part in a workflow, for the server's authorization.

        :raises WorkflowNotFound: there is none with this id.
        """
        return self.read(partial(read_access, workflow_id=workflow_id))

    def takes_part(self, workflow_id: str, dag_id: str, run_id: str) -> bool:
        """Whether a run is linked to a workflow, for the server's authorization."""
        return self.read(lambda connection: takes_part(connection, workflow_id, dag_id, run_id))

    def run_of_task(self, task_instance_id: str) -> tuple[str, str] | None:
        """DAG and run of a task instance, also of an earlier try; None when Airflow does not know it."""
        return run_read(self.engine, lambda connection: run_of_task(connection, task_instance_id))

    def read_health(self) -> Health:
        """Whether the tables answer, and somebody sweeps."""
        return self.read(read_health)

    def use_token(self, text: str, body: Payload) -> TokenAccepted:
        """End the wait that a token is for, with what somebody outside has sent.

        :raises NotFound: there is no such token, it was used with another body, its wait has ended, or it has expired.
        :raises InvalidRequest: the body cannot be stored.
        """
        return run_transaction(self.engine, lambda connection: use_token(connection, text, body))

    def rotate_keys(self) -> Iterator[RotatedColumn]:
        """Bring stored payloads under the first of ``[core] fernet_key``.

        One report for each page of values: of a column there are several, and at least one.
        """
        self._check_server()
        return rotate_keys(self.engine)

    def count_payloads(self) -> int:
        """How many values :meth:`rotate_keys` looks at."""
        self._check_server()
        return self.read(count_payloads)

    def old_keys_in_use(self) -> str | None:
        """What tells that a process still encrypts with another key than the first, as a sentence; None: nothing."""
        self._check_server()
        return self.read(old_keys_in_use)

    def hot_path_of(self, request: KeyedRequest) -> HotPath | None:
        """The stored functions, for a request without a key (they store no answers); None where there are none."""
        return self._hot_path if request.idempotency_key is None else None

    def write(self, transaction: Transaction[Keyed, Answer], request: Keyed, answer_type: type[Answer]) -> Answer:
        """Run the transaction of a request; of one with a key, once."""
        if request.idempotency_key is not None:
            return answer_once(self.engine, transaction, request, answer_type)
        return run_transaction(self.engine, lambda connection: transaction(connection, request))

    def read(self, read: Callable[[Connection], Answer]) -> Answer:
        """Run what reads only, within the time limit of readers."""
        return run_read(self.engine, read, self.read_timeout)

    def _check_server(self) -> None:
        if not self.is_server:
            raise AccessDenied(
                "A worker that reaches the tables by a connection of type postgres may not change runs or definitions.",
                "Use a connection of type wfstate, the command line or the page.",
            )
