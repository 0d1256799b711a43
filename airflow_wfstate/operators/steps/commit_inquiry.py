"""Find out from the commit marker how a transaction with an unknown outcome ended.

Three of them ask: the attempt that lost the answer to its ``COMMIT``, the next attempt of the round (after a retry or a
resume), and the relay before it undoes the round. The sweep cannot ask, because a server process has neither the DAG's
connections nor its code. The step therefore stays lost until one of these three runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from airflow.sdk import BaseOperator

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.domain.messages.compensation import CompensationWork
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.exceptions import TransactionRefused, Unavailable
from airflow_wfstate.operators.steps.commit_marker import CommitMarker, Connection
from airflow_wfstate.operators.steps.identity_text import TextTemplates

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator

    from airflow_wfstate.operators.steps.declaration.options import StepOptions

PATIENCE_SECONDS: Final = 60.0
"""How long an attempt that lost the answer to its commit waits for a database that does not respond."""

_LONGEST_PAUSE_SECONDS: Final = 5.0
_UNDONE: Final = "wfstate.undone"
"""The output type in a marker that was written when the round was undone: nothing was or will be committed."""


@dataclass(frozen=True)
class Inquiry:
    """What to look up, and in which database.

    :param conn_id: the rendered connection id of the database.
    :param idempotency_key: the round's idempotency key.
    :param workflow_id: for people who read the table.
    :param label: a readable name of the step.
    """

    conn_id: str
    idempotency_key: str
    workflow_id: str
    label: str

    def connect(self) -> Connection:
        """Open a new connection to the database."""
        # Imported only when needed, so that DAG files parse faster.
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        return cast("Connection", PostgresHook(postgres_conn_id=self.conn_id).get_conn())

    def marker(self, connection: Connection) -> CommitMarker:
        """The round's marker, on a connection without an open transaction."""
        return CommitMarker(connection, self.idempotency_key, self.workflow_id, self.label)

    def ask(self, *, closes: bool = False) -> Payload | None:
        """The output that the round committed; None if it committed nothing.

        Waits for a transaction of the round that is still open.

        :param closes: True to permanently prevent a round that has committed nothing from committing later.
        :raises Unavailable: an open transaction did not end in time.
        """
        connection = self.connect()
        try:
            marker = self.marker(connection)
            found = marker.claim()
            if found is None and closes:
                marker.complete(replace(encode(None), type=_UNDONE))
                connection.commit()
            return None if found is None or was_undone(found) else found
        finally:
            with suppress(Exception):  # the connection may be lost: PostgreSQL rolls back then
                connection.rollback()
            connection.close()

    def ask_with_patience(self, lost: Exception, is_to_end: Callable[[], bool]) -> Payload | None:
        """Like :meth:`ask`, but retry for a while in case the database comes back.

        :param lost: the error that came instead of the answer to the commit.
        :param is_to_end: whether this process was told to stop, and must not wait any longer.
        :raises Unavailable: the database could not be reached, so it is not known whether the round was committed.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        pause = 0.2
        while True:
            try:
                return self.ask()
            except (TransactionRefused, Unavailable) as error:
                refusal: Exception = error
                break
            except Exception as error:  # from psycopg2, psycopg or the hook: no answer
                refusal = error
                if is_to_end() or time.monotonic() + pause > until:
                    break
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        raise Unavailable(
            f"The answer to the commit of step {self.label} was lost ({_line(lost)}), and its database cannot be asked "
            f"whether it was carried out ({_line(refusal)}).",
            "The step is lost, not failed. The next try (a retry, a clear or a resume) and the compensation ask the "
            "database again, and do not repeat what was committed.",
        ) from refusal


class TransactionalTask(BaseOperator):
    """Marks a task whose step is one transaction with a commit marker.

    :param conn_id: connection id of the database. (templated)
    """

    conn_id: str
    step_options: StepOptions


def was_undone(found: Payload) -> bool:
    """Whether a marker says that the round was undone before it committed anything."""
    return found.type == _UNDONE


@dataclass(frozen=True)
class Asked:
    """What is known about a round before it is undone.

    :param work: the compensation, with the output from the marker if there is one.
    :param is_needed: whether there is anything to undo.
    """

    work: CompensationWork
    is_needed: bool


def ask_before_undo(
    work: CompensationWork, workflow_id: str, tasks: Iterable[AbstractOperator], context: Context
) -> Asked:
    """Look up the round to be undone if it was a transaction whose outcome the store does not know.

    :param tasks: the tasks of the DAG that executed the step.
    :param context: the relay's context, for a templated connection id.
    :raises Exception: the database cannot be asked, and only a completed round is to be undone.
    """
    task = None if work.output is not None else _transactional(work, tasks)
    if task is None:
        return Asked(work, is_needed=True)
    conn_id = TextTemplates(task, context).identity("connection id", task.conn_id)
    inquiry = Inquiry(conn_id, work.step_idempotency_key, workflow_id, f"{work.participant}.{work.step_name}")
    only_completed = task.step_options.compensate_when == CompensateWhen.COMPLETED.value
    try:
        found = inquiry.ask(closes=True)
    except Exception as error:
        if only_completed:
            raise
        task.log.warning("Could not find out whether step %s was committed: %s.", work.step_name, _line(error))
        return Asked(work, is_needed=True)
    if found is None:
        task.log.info("The transaction of step %s was not committed.", work.step_name)
        return Asked(work, is_needed=not only_completed)
    return Asked(replace(work, output=found), is_needed=True)


def _transactional(work: CompensationWork, tasks: Iterable[AbstractOperator]) -> TransactionalTask | None:
    """The transactional task that executed the step; None if the step is not transactional."""
    for task in tasks:
        if isinstance(task, TransactionalTask) and (task.step_options.name or task.task_id) == work.step_name:
            return task
    return None


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
