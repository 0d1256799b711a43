"""The commit marker: a row in the user's own database which records that a round of a step was committed there.

The user's writes and the marker share one transaction. Its statements, in order:

1. ``INSERT`` the marker under the round's idempotency key. Because the key is unique, PostgreSQL makes this attempt
   wait for another one at the same point. If that one commits, this attempt finds its marker and returns its output.
   If it rolls back, this attempt continues.
2. The user's statements.
3. ``UPDATE`` the marker with the output, then ``COMMIT``. If payloads are encrypted (``[wfstate] encrypt_payloads`` on
   the worker), the output is encrypted too, with the worker's own ``[core] fernet_key``.

Between 1 and 3, the column ``unfinished`` holds a value that violates a deferred foreign key. PostgreSQL therefore
refuses a commit in between, however the user's code attempts it, and rolls everything back. A rollback in between also
removes the marker, which step 3 notices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import TransactionRefused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE: Final = "wfstate_commit"
"""The table is in the first schema of the connection's search path, or where that path already finds it."""

CREATE_TABLE: Final = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
    idempotency_key text PRIMARY KEY,
    workflow_id uuid NOT NULL,
    step text NOT NULL,
    output text,
    output_type text,
    output_sha256 text,
    committed_at timestamptz,
    unfinished text CONSTRAINT {TABLE}_unfinished REFERENCES {TABLE} (idempotency_key) DEFERRABLE INITIALLY DEFERRED
)"""
"""The first transactional step in a database runs this, or the database's owner if the step's role may not."""

PATIENCE_SECONDS: Final = 60
"""How long an attempt waits for an earlier attempt of the same round to end its transaction."""

_TRIES: Final = 5
_CREATE_LOCK: Final = 7_261_544_401  # any number that nothing else uses for an advisory lock
_UNDEFINED_TABLE: Final = "42P01"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_LOCK_NOT_AVAILABLE: Final = "55P03"
_OVERTAKEN: Final = ("40001", "40P01")  # serialization failure, deadlock: nothing has been done yet

_INSERT: Final = f"""INSERT INTO {TABLE} AS marker (idempotency_key, workflow_id, step, unfinished)
    VALUES (%s, %s, %s, %s) ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.oid = marker.tableoid)"""  # noqa: S608 - our own table's name
_SELECT: Final = f"SELECT output, output_type, output_sha256 FROM {TABLE} WHERE idempotency_key = %s"  # noqa: S608 - as above


class Cursor(Protocol):
    """What psycopg2's and psycopg's cursors have in common."""

    description: Any
    rowcount: int

    def execute(self, statement: Any, parameters: Any = None) -> object:
        """Execute a statement."""

    def fetchone(self) -> Any:
        """The next row; None if there is none."""

    def fetchall(self) -> list[Any]:
        """The remaining rows."""

    def nextset(self) -> bool | None:
        """Go to the next result set (psycopg only)."""

    def close(self) -> None:
        """Close the cursor."""


class Connection(Protocol):
    """What psycopg2's and psycopg's connections have in common."""

    autocommit: bool
    cursor: Callable[[], Cursor]
    commit: Callable[[], None]
    rollback: Callable[[], None]
    close: Callable[[], None]


class CommitMarker:
    """The marker of one round.

    :param connection: a connection without an open transaction.
    :param idempotency_key: the round's idempotency key.
    :param workflow_id: for people who read the table.
    :param step: ``dag.name`` or ``dag.name[item]``, also for people who read the table.
    :raises TransactionRefused: the connection is in autocommit mode.
    """

    def __init__(self, connection: Connection, idempotency_key: str, workflow_id: str, step: str) -> None:
        if connection.autocommit:
            raise TransactionRefused(
                "The connection of a transactional step is in autocommit mode: each statement commits separately.",
                "Remove 'autocommit' from the connection's extra fields.",
            )
        self._connection = connection
        self._key = idempotency_key
        self._workflow_id = workflow_id
        self._step = step
        self._schema = ""

    def claim(self) -> Payload | None:
        """Begin the transaction with the marker; returns None if this attempt is to do the work in it.

        :returns: the output that an earlier attempt committed. No transaction is open then.
        :raises TransactionRefused: the table is missing and the role may not create it, or the role may not write to
            it.
        :raises Unavailable: an earlier attempt did not end its transaction in time.
        """
        for _ in range(_TRIES):
            try:
                return self._insert_or_find()
            except Exception as error:  # of psycopg2 or of psycopg
                self._connection.rollback()
                sqlstate = sqlstate_of(error)
                if sqlstate == _UNDEFINED_TABLE:
                    self._create_table()
                elif sqlstate not in _OVERTAKEN:
                    raise self._explained(error, sqlstate) from error
        raise Unavailable(f"Other transactions keep changing the commit marker of step {self._step}.", "Try again.")

    def complete(self, output: Payload) -> None:
        """Write the output into the marker, so that the transaction can be committed.

        :raises TransactionRefused: the marker is gone, because the step's own code ended the transaction.
        """
        cursor = self._connection.cursor()
        cursor.execute(
            f"UPDATE {self._schema}.{TABLE} SET output = %s, output_type = %s, output_sha256 = %s, "  # noqa: S608
            "committed_at = clock_timestamp(), unfinished = NULL WHERE idempotency_key = %s",
            (_sealed(output.text), output.type, output.sha256, self._key),
        )
        if cursor.rowcount != 1:
            raise ended_by_the_user(self._step)
        cursor.close()

    def _insert_or_find(self) -> Payload | None:
        cursor = self._connection.cursor()
        cursor.execute("SELECT current_setting('lock_timeout')")
        (usual_timeout,) = _values(cursor.fetchone())
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (f"{PATIENCE_SECONDS}s",))
        cursor.execute(_INSERT, (self._key, self._workflow_id, self._step, f"unfinished:{self._key}"))
        inserted = cursor.fetchone()
        if inserted is not None:
            (self._schema,) = _values(inserted)
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", (usual_timeout,))
            cursor.close()
            return None
        cursor.execute(_SELECT, (self._key,))
        text, type_name, sha256 = _values(cursor.fetchone())
        cursor.close()
        self._connection.rollback()
        text = _unsealed(text)
        return Payload(type=type_name, text=text, size=len(text), sha256=sha256)

    def _create_table(self) -> None:
        cursor = self._connection.cursor()
        try:
            # IF NOT EXISTS alone fails if two sessions create the table at the same time.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATE_LOCK,))
            cursor.execute(CREATE_TABLE)
            self._connection.commit()
        except Exception as error:  # of psycopg2 or of psycopg
            self._connection.rollback()
            raise TransactionRefused(
                f"The table {TABLE} does not exist, and the step's role may not create it: {str(error).strip()}.",
                f"Ask the database's owner to run: {CREATE_TABLE}; GRANT SELECT, INSERT, UPDATE ON {TABLE} TO <role>",
            ) from error

    def _explained(self, error: Exception, sqlstate: str | None) -> Exception:
        if sqlstate == _LOCK_NOT_AVAILABLE:
            return Unavailable(
                f"An earlier attempt of step {self._step} has not ended its transaction in the database for "
                f"{PATIENCE_SECONDS} seconds, so its process is still running.",
                "Stop that process, or end its session with pg_terminate_backend(). The next try then continues.",
            )
        if sqlstate == _INSUFFICIENT_PRIVILEGE:
            return TransactionRefused(
                f"The step's role may not write to the table {TABLE}: {str(error).strip()}.",
                f"Ask the database's owner to run: GRANT SELECT, INSERT, UPDATE ON {TABLE} TO <role>",
            )
        return error


def ended_by_the_user(step: str) -> TransactionRefused:
    """Make the error for a step whose own code committed or rolled back before the end."""
    return TransactionRefused(
        f"The code of step {step} ended the transaction itself, with COMMIT, ROLLBACK or a method of the connection "
        "(or checked the constraint early with SET CONSTRAINTS).",
        "Leave that to the operator, so that the step's writes and its marker commit together, or not at all.",
    )


def is_refused_commit(error: BaseException) -> bool:
    """Whether PostgreSQL refused a commit because the marker is not complete."""
    return getattr(getattr(error, "diag", None), "constraint_name", None) == f"{TABLE}_unfinished"


def sqlstate_of(error: BaseException) -> str | None:
    """PostgreSQL's error code; None if the error does not come from PostgreSQL."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _sealed(text: str) -> str:
    """The output as stored in the marker: encrypted if payloads are."""
    if not conf.encrypt_payloads():
        return text
    from airflow_wfstate.encryption import sealed  # it loads Airflow's models, so import it only when needed

    return sealed(text)


def _unsealed(text: str) -> str:
    """The decrypted output. One that was stored before payloads were encrypted is plain text."""
    if not text.startswith("@"):  # JSON never does
        return text
    from airflow_wfstate.encryption import unsealed  # as above

    return unsealed(text)


def _values(row: Any) -> list[Any]:
    """The values of a row, which is a dict if the connection is configured so."""
    return list(row.values()) if isinstance(row, dict) else list(row)
