"""DatabaseBackend: operates directly on the tables, with one transaction per call."""

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
"""How long a sweep also delivers webhooks."""


class DatabaseBackend(StateBackend):
    """The backend that runs each operation as a transaction (:mod:`airflow_wfstate.backends.transactions`).

    :param engine: the SQLAlchemy engine of Airflow's metadata database, PostgreSQL or SQLite. Each call takes one
        connection from its pool.
    :param is_server: whether this process may use Airflow's own models, and change runs and tasks. True in the
        api-server, the scheduler and the command line; False in a worker that reaches the tables through a connection
        of type ``postgres``.
    :param read_timeout: how long PostgreSQL may work on one statement of a user's read; zero for no limit. An attempt's
        reads of its own data are exempt.
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
        # After the sweep's lease has ended, so that a slow receiver does not hold up another sweep.
        return replace(report, delivered=self.deliver(_DELIVERY_TIME).delivered)

    def deliver(self, at_most: timedelta | None = None) -> DeliveryReport:
        """Deliver webhooks until nothing is left to deliver.

        :param at_most: start no delivery after this much time; None for no limit.
        :raises AccessDenied: this is a worker that reaches the tables directly.
        :raises InvalidOption: ``[wfstate] webhook_hosts`` contains something that is not a host.
        """
        self._check_server()
        return deliver(self.engine, at_most)

    def check(self) -> str:
        """See ``StateBackend.check``."""
        health = self.read(read_health)
        answered = f"{self.engine.dialect.name} answered"
        return f"{answered}; {counted(health.open_workflows or 0, 'open workflow')}"

    # The methods below are not part of StateBackend: they serve the api-server and the command line.

    def why_not_cancel(self, workflow_id: str, *, compensate: bool = False) -> str | None:
        """Why a cancel would be refused or change nothing, for the server's list of actions; None if it is allowed.

        :raises WorkflowNotFound: no workflow has this id.
        """
        return self.read(partial(why_not_cancel, workflow_id=workflow_id, compensate=compensate))

    def why_not_compensate(self, workflow_id: str) -> str | None:
        """Why compensating a workflow would be refused or change nothing; see :meth:`why_not_cancel`."""
        return self.read(partial(why_not_compensate, workflow_id=workflow_id))

    def why_not_resume(self, workflow_id: str) -> str | None:
        """Why a resume would be refused, in the words of its plan; see :meth:`why_not_cancel`."""
        self._check_server()
        return self.read(partial(why_not_resume, workflow_id=workflow_id))

    def read_access(self, workflow_id: str) -> WorkflowAccess:
        """Who takes part in a workflow, for the server's authorization.

        :raises WorkflowNotFound: no workflow has this id.
        """
        return self.read(partial(read_access, workflow_id=workflow_id))

    def takes_part(self, workflow_id: str, dag_id: str, run_id: str) -> bool:
        """Whether a run is linked to a workflow, for the server's authorization."""
        return self.read(lambda connection: takes_part(connection, workflow_id, dag_id, run_id))

    def run_of_task(self, task_instance_id: str) -> tuple[str, str] | None:
        """DAG and run of a task instance or of an earlier try; None if Airflow does not know it."""
        return run_read(self.engine, lambda connection: run_of_task(connection, task_instance_id))

    def read_health(self) -> Health:
        """Whether the tables can be read, and whether the sweep runs."""
        return self.read(read_health)

    def use_token(self, text: str, body: Payload) -> TokenAccepted:
        """End the wait that a token belongs to, with the data that an outside caller sent.

        :raises NotFound: there is no such token, it has expired, its wait has ended, or it was used with another body.
        :raises InvalidRequest: the body cannot be stored.
        """
        return run_transaction(self.engine, lambda connection: use_token(connection, text, body))

    def rotate_keys(self) -> Iterator[RotatedColumn]:
        """Re-encrypt stored payloads with the first key of ``[core] fernet_key``.

        Yields a report for each page of values: at least one for each column.
        """
        self._check_server()
        return rotate_keys(self.engine)

    def count_payloads(self) -> int:
        """How many values :meth:`rotate_keys` will check."""
        self._check_server()
        return self.read(count_payloads)

    def old_keys_in_use(self) -> str | None:
        """Evidence, as a sentence, that a process still encrypts with a key other than the first; None for none."""
        self._check_server()
        return self.read(old_keys_in_use)

    def hot_path_of(self, request: KeyedRequest) -> HotPath | None:
        """The stored functions, for a request without an idempotency key (they store no answers); None without them."""
        return self._hot_path if request.idempotency_key is None else None

    def write(self, transaction: Transaction[Keyed, Answer], request: Keyed, answer_type: type[Answer]) -> Answer:
        """Run the transaction of a request; with an idempotency key, run it only once."""
        if request.idempotency_key is not None:
            return answer_once(self.engine, transaction, request, answer_type)
        return run_transaction(self.engine, lambda connection: transaction(connection, request))

    def read(self, read: Callable[[Connection], Answer]) -> Answer:
        """Run a read-only transaction within the read timeout."""
        return run_read(self.engine, read, self.read_timeout)

    def _check_server(self) -> None:
        if not self.is_server:
            raise AccessDenied(
                "A worker that uses a connection of type postgres may not change runs or definitions.",
                "Use a connection of type wfstate, the command line or the page.",
            )
