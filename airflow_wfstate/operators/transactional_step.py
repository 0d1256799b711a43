"""TransactionalStepOperator: a step that writes to PostgreSQL, exactly once.

The protocol is that of the idempotent consumer, with an inbox table: what was done and the note that it was done are
one transaction, in the database where it was done (Chris Richardson, Microservices Patterns, 2018, section 3.3.6;
microservices.io/patterns/communication-style/idempotent-consumer.html). The inbox is the table ``wfstate_commit``, and
the message's id is the idempotency key of the round: ``commit_marker.py`` says how it is written, and how two attempts
at once are serialised.

An attempt can die at any point. Before its commit, the database has neither its writes nor its marker, and the next
attempt acts. After it, also when the answer to the commit or to the step's end was lost, the next attempt finds the
marker and returns the stored output without acting. A deliberate rerun is another round, so it has another marker.

An attempt that cannot learn whether it was committed ends as lost, never as failed; ``commit_inquiry.py`` says who
asks again.
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
"""The package of psycopg 3; psycopg2 has no further results of an ``execute`` to go to."""


class TransactionalStepOperator(ChecksItsDag, StepOperator, TextIdentities, TransactionalTask):
    """Write to PostgreSQL exactly once: the writes and the step's marker commit in one transaction.

    Give ``sql`` or ``python_callable``. The transaction belongs to the operator: a commit in the middle is refused.
    The marker is a row of the table ``wfstate_commit`` in the same database, which is made on first use.

    :param conn_id: an Airflow connection of type ``postgres``.
    :param sql: a statement, several in a list, or the name of a file that ends in ``.sql``. The step's output is the
        rows of the last one, as a list of dicts; None when it has no rows. (templated)
    :param parameters: for each of the statements, as the driver wants them (a sequence or a mapping); None when they
        have no placeholders. (templated)
    :param python_callable: called as ``fn(cursor, **op_kwargs)``; what it returns is the step's output.
    :param op_kwargs: for ``python_callable``. (templated)
    :param kwargs: the options of the step, which are the fields of
        :class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions` (``name`` is called ``step_name``; a
        mapped task can have no ``compensate``), and the arguments of the task.
    :raises InvalidDag: neither or both of ``sql`` and ``python_callable`` are given, or an option is wrong.
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
                "Give one of them.",
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
        """Do the step, or return what it produced before."""
        if self.step_options.compensate is not None and (context["ti"].map_index or 0) >= 0:
            raise InvalidDag(
                f"Task {self.task_id} is mapped and has a compensation, which its relay could not find.",
                "Leave out compensate=, or write the step with @task.step.",
            )
        return super().execute(context)

    def do_step(self, attempt: Attempt, context: Context) -> object:
        """Act once, and return what was committed."""
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
            with suppress(Exception):  # the connection may be lost: PostgreSQL rolls back then
                connection.rollback()
            raise
        finally:
            connection.close()

    def _found(self, found: Payload, inquiry: Inquiry) -> object:
        if was_undone(found):
            raise StaleAttempt(f"Step {inquiry.label} was undone before this attempt acted.", "Nothing was written.")
        self.log.info("An earlier attempt has committed this step; here is the output that its marker keeps.")
        return decode(found)

    def _commit(self, connection: Connection, attempt: Attempt, inquiry: Inquiry, output: object) -> object:
        """Commit, and return the output.

        :raises Exception: the error of the commit, when it was not carried out.
        :raises Unavailable: whether it was carried out is not known.
        """
        attempt.outcome_is_unknown = True  # whatever ends this process from here on
        try:
            connection.commit()
        except Exception as error:  # of psycopg2 or of psycopg
            found = inquiry.ask_with_patience(error, lambda: attempt.cancelled)
            attempt.outcome_is_unknown = False
            if found is None:
                raise
            self.log.info("The answer to the commit was lost (%s), but it was carried out.", str(error).strip())
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
            with suppress(Exception):  # the user's code may have closed it, and its error matters more
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
                f"The result of the last statement has several columns named {', '.join(twice)}: a row as a dict "
                "would keep one of them.",
                "Give each a name of its own, with AS. Nothing was written.",
            )
        return [dict(row) if isinstance(row, dict) else dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _label(self, context: Context) -> str:
        name = f"{self.dag_id}.{self.step_options.name or self.task_id}"
        item = item_key_of(self, context, self.step_options.item_key)
        return f"{name}[{item}]" if item else name
