"""TransactionalStepOperator: a step that writes to PostgreSQL exactly once.

It follows the idempotent consumer pattern with an inbox table: the writes and the record that they were made commit in
one transaction, in the same database (Chris Richardson, Microservices Patterns, 2018, section 3.3.6;
microservices.io/patterns/communication-style/idempotent-consumer.html). The inbox is the table ``wfstate_commit``, and
the message's id is the round's idempotency key. ``commit_marker.py`` explains how it is written, and how concurrent
attempts are serialised.

An attempt can die at any point. If it dies before its commit, the database has neither its writes nor its marker, and
the next attempt does the work. If it dies after its commit, even when the answer to the commit or to the step's end was
lost, the next attempt finds the marker and returns the stored output without writing again. A deliberate rerun is
another round, so it has another marker.

An attempt that cannot find out whether its commit succeeded ends as lost, never as failed. ``commit_inquiry.py``
explains who checks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from airflow.sdk import Context

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import InvalidDag, StaleAttempt, TransactionRefused
from airflow_wfstate.operators.dag.complete import ChecksItsDag
from airflow_wfstate.operators.steps.attempt import Attempt
from airflow_wfstate.operators.steps.commit_inquiry import Inquiry, TransactionalTask, was_undone
from airflow_wfstate.operators.steps.commit_marker import (
    Connection,
    Cursor,
    ended_by_the_user,
    is_refused_commit,
)
from airflow_wfstate.operators.steps.declaration.item_key import item_key_of
from airflow_wfstate.operators.steps.declaration.option_keywords import StepKeywords
from airflow_wfstate.operators.steps.identity_text import TextIdentities
from airflow_wfstate.operators.steps.step_operator import StepOperator
from airflow_wfstate.operators.steps.user_function import check_plain_function

_PSYCOPG: Final = "psycopg"
"""The package name of psycopg 3. In psycopg2, an ``execute`` has no further result sets."""


class TransactionalStepOperator(ChecksItsDag, StepOperator, TextIdentities, TransactionalTask):
    """Write to PostgreSQL exactly once, by committing the writes and the step's marker in one transaction.

    Give either ``sql`` or ``python_callable``. The operator controls the transaction; a commit before its end is
    refused. The marker is a row in the table ``wfstate_commit`` of the same database. The table is created on first
    use.

    :param conn_id: an Airflow connection of type ``postgres``.
    :param sql: a statement, a list of statements, or the name of a file that ends in ``.sql``. The step's output is the
        rows of the last statement, as a list of dicts; None if it returns no rows. (templated)
    :param parameters: parameters for each of the statements, as the driver expects them (a sequence or a mapping); None
        if they have no placeholders. (templated)
    :param python_callable: called as ``fn(cursor, **op_kwargs)``. Its return value is the step's output.
    :param op_kwargs: keyword arguments for ``python_callable``. (templated)
    :param kwargs: the options of the step, which are the fields of
        :class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions` (``name`` is called ``step_name``
        here, and a mapped task cannot have ``compensate``), and the arguments of the task.
    :raises InvalidDag: neither or both of ``sql`` and ``python_callable`` are given, or an option is not valid.
    """

    template_fields: Sequence[str] = ("conn_id", "sql", "parameters", "op_kwargs")
    template_ext: Sequence[str] = (".sql",)
    identity_fields: ClassVar[Mapping[str, str]] = {"conn_id": "connection id"}
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "parameters": "json", "op_kwargs": "py"}
    ui_color = "#dcefe0"
    step_keywords: ClassVar[StepKeywords] = StepKeywords(name="step_name")

    @step_keywords.shown
    def __init__(
        self,
        *,
        conn_id: str = "postgres_default",
        sql: str | Sequence[str] | None = None,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        python_callable: Callable[..., object] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        options = self.step_keywords.take(kwargs)
        super().__init__(**kwargs)
        if (sql is None) is (python_callable is None):
            raise InvalidDag(
                f"Task {self.task_id} has {'neither' if sql is None else 'both'} sql and python_callable.",
                "Give exactly one of them.",
            )
        if python_callable is not None:
            check_plain_function("python_callable", python_callable)
        self.conn_id = conn_id
        self.sql = sql
        self.parameters = parameters
        self.python_callable = python_callable
        self.op_kwargs = op_kwargs or {}
        self.step_options = options

    def execute(self, context: Context) -> Any:
        """Execute the step, or return its stored output."""
        if self.step_options.compensate is not None and (context["ti"].map_index or 0) >= 0:
            raise InvalidDag(
                f"Task {self.task_id} is mapped and has a compensation, but the relay could not find its handler.",
                "Remove compensate=, or write the step with @task.step.",
            )
        return super().execute(context)

    def do_step(self, attempt: Attempt, context: Context) -> object:
        """Do the work once, and return the committed output."""
        begun = attempt.begun
        inquiry = Inquiry(self.conn_id, begun.idempotency_key, begun.workflow.id, self._label(context))
        connection = inquiry.connect()
        try:
            marker = inquiry.marker(connection)
            found = marker.claim()
            if found is not None:
                return self._found(found, inquiry)
            output = self._act(connection, inquiry.label)
            marker.complete(encode(output))
            return self._commit(connection, attempt, inquiry, output)
        except BaseException:
            with suppress(Exception):  # if the connection is lost, PostgreSQL rolls back
                connection.rollback()
            raise
        finally:
            connection.close()

    def _found(self, found: Payload, inquiry: Inquiry) -> object:
        if was_undone(found):
            raise StaleAttempt(f"Step {inquiry.label} was undone before this attempt acted.", "Nothing was written.")
        self.log.info("An earlier attempt committed this step. Returning the output stored in its marker.")
        return decode(found)

    def _commit(self, connection: Connection, attempt: Attempt, inquiry: Inquiry, output: object) -> object:
        """Commit, and return the output.

        :raises Exception: the error of the commit, if it did not take effect.
        :raises Unavailable: it is not known whether the commit took effect.
        """
        attempt.outcome_is_unknown = True  # if anything ends this process from here on
        try:
            connection.commit()
        except Exception as error:  # of psycopg2 or of psycopg
            found = inquiry.ask_with_patience(error, lambda: attempt.cancelled)
            attempt.outcome_is_unknown = False
            if found is None:
                raise
            self.log.info("The answer to the commit was lost (%s), but the commit took effect.", str(error).strip())
            return decode(found)
        attempt.outcome_is_unknown = False
        return output

    def _act(self, connection: Connection, label: str) -> object:
        cursor = connection.cursor()
        try:
            if self.python_callable is not None:
                return self.python_callable(cursor, **self.op_kwargs)
            return self._execute_sql(cursor)
        except Exception as error:  # of psycopg2, of psycopg or of the user's code
            if is_refused_commit(error):
                raise ended_by_the_user(label) from error
            raise
        finally:
            with suppress(Exception):  # the user's code may have closed it, and the original error matters more
                cursor.close()

    def _execute_sql(self, cursor: Cursor) -> list[dict[str, Any]] | None:
        for statement in [self.sql] if isinstance(self.sql, str) else self.sql or ():
            if self.parameters is None:
                cursor.execute(statement)
            else:
                cursor.execute(statement, self.parameters)
        while type(cursor).__module__.partition(".")[0] == _PSYCOPG and cursor.nextset():
            continue
        if cursor.description is None:
            return None
        names = [column[0] for column in cursor.description]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise TransactionRefused(
                f"The result of the last statement has several columns named {', '.join(twice)}. A row is a dict "
                "and would keep only one of them.",
                "Give each its own name with AS. Nothing was written.",
            )
        return [dict(row) if isinstance(row, dict) else dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _label(self, context: Context) -> str:
        name = f"{self.dag_id}.{self.step_options.name or self.task_id}"
        item = item_key_of(self, context, self.step_options.item_key)
        return f"{name}[{item}]" if item else name
