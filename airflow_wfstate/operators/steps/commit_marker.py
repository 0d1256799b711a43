"""The commit marker: a row in the user's own database that says that a round of a step was committed there.

The user's writes and the marker are one transaction. Its statements, in order:

1. ``INSERT`` the marker under the round's idempotency key. Another attempt that is at the same point is waited for by
   PostgreSQL itself, because the key is unique: when that one commits, its marker is found here and its output
   returned; when it rolls back, this one goes on.
2. The user's statements.
3. ``UPDATE`` the marker with the output, then ``COMMIT``. The output is encrypted where payloads are (``[wfstate]
   encrypt_payloads`` of the worker, with the worker's own ``[core] fernet_key``).

Between 1 and 3 the column ``unfinished`` holds a value that violates a deferred foreign key. A commit in the middle,
by whatever way the user's code reaches it, is therefore refused by PostgreSQL, and rolls everything back. A rollback in
the middle takes the marker with it, which step 3 notices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import TransactionRefused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE: Final = "wfstate_commit"
"""In the first schema of the connection's search path, or wherever that path finds it."""

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
"""Run by the first transactional step of a database; or by its owner, where the step's role may not."""

PATIENCE_SECONDS: Final = 60
"""How long an attempt waits for an earlier one of the same round that has not ended its transaction."""

_TRIES: Final = 5
_CREATE_LOCK: Final = 7_261_544_401  # any number that nobody else takes an advisory lock with
_UNDEFINED_TABLE: Final = "42P01"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_LOCK_NOT_AVAILABLE: Final = "55P03"
_OVERTAKEN: Final = ("40001", "40P01")  # serialization failure, deadlock: nothing was done yet

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
        """The next row; None when there is none."""

    def fetchall(self) -> list[Any]:
        """The remaining rows."""

    def nextset(self) -> bool | None:
        """Go to the next result, in psycopg."""

    def close(self) -> None:
        """Close it."""


class Connection(Protocol):
    """What psycopg2's and psycopg's connections have in common."""

    autocommit: bool
    cursor: Callable[[], Cursor]
    commit: Callable[[], None]
    rollback: Callable[[], None]
    close: Callable[[], None]


class CommitMarker:
    """The marker of one round.

    :param connection: in no transaction yet.
    :param idempotency_key: of the round.
    :param workflow_id: for people who look at the table.
    :param step: ``dag.name`` or ``dag.name[item]``, for them too.
    :raises TransactionRefused: the connection commits each statement by itself.
    """

    def __init__(self, connection: Connection, idempotency_key: str, workflow_id: str, step: str) -> None:
        if connection.autocommit:
            raise TransactionRefused(
                "The connection of a transactional step is in autocommit mode: each statement is committed by itself.",
                "Take 'autocommit' out of the connection's extra fields.",
            )
        self._connection = connection
        self._key = idempotency_key
        self._workflow_id = workflow_id
        self._step = step
        self._schema = ""

    def claim(self) -> Payload | None:
        """Begin the transaction with the marker; None when this attempt is to act in it.

        :returns: the output that an earlier attempt committed; no transaction is open then.
        :raises TransactionRefused: the table is missing and may not be created, or may not be written.
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
        raise Unavailable(f"Others keep changing the commit marker of step {self._step}.", "Try again.")

    def complete(self, output: Payload) -> None:
        """Write the output into the marker, so that the transaction can be committed.

        :raises TransactionRefused: the marker is gone: the step's own code ended the transaction.
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
            # IF NOT EXISTS alone fails when two create it at once.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATE_LOCK,))
            cursor.execute(CREATE_TABLE)
            self._connection.commit()
        except Exception as error:  # of psycopg2 or of psycopg
            self._connection.rollback()
            raise TransactionRefused(
                f"The table {TABLE} does not exist, and the step's role may not create it: {str(error).strip()}.",
                f"Let the database's owner run: {CREATE_TABLE}; GRANT SELECT, INSERT, UPDATE ON {TABLE} TO <role>",
            ) from error

    def _explained(self, error: Exception, sqlstate: str | None) -> Exception:
        if sqlstate == _LOCK_NOT_AVAILABLE:
            return Unavailable(
                f"An earlier attempt of step {self._step} has not ended its transaction in the database for "
                f"{PATIENCE_SECONDS} seconds: its process still lives.",
                "End that process, or its session with pg_terminate_backend(); the next try then goes on.",
            )
        if sqlstate == _INSUFFICIENT_PRIVILEGE:
            return TransactionRefused(
                f"The step's role may not write the table {TABLE}: {str(error).strip()}.",
                f"Let the database's owner run: GRANT SELECT, INSERT, UPDATE ON {TABLE} TO <role>",
            )
        return error


def ended_by_the_user(step: str) -> TransactionRefused:
    """The error of a step whose own code committed, or rolled back, in the middle."""
    return TransactionRefused(
        f"The code of step {step} ended the transaction itself, by COMMIT, ROLLBACK or a method of the connection "
        "(or asked by SET CONSTRAINTS whether it could).",
        "Leave it to the operator: what the step writes is committed together with its marker, or not at all.",
    )


def is_refused_commit(error: BaseException) -> bool:
    """Whether PostgreSQL refused a commit because the marker is not completed."""
    return getattr(getattr(error, "diag", None), "constraint_name", None) == f"{TABLE}_unfinished"


def sqlstate_of(error: BaseException) -> str | None:
    """PostgreSQL's error code; None when the error is not PostgreSQL's."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _sealed(text: str) -> str:
    """An output as the marker keeps it: encrypted where payloads are."""
    if not conf.encrypt_payloads():
        return text
    from airflow_wfstate.encryption import sealed  # which loads Airflow's models: only where it is used

    return sealed(text)


def _unsealed(text: str) -> str:
    """The output again; one that was kept before payloads were encrypted is plain."""
    if not text.startswith("@"):  # JSON never does
        return text
    from airflow_wfstate.encryption import unsealed  # as above

    return unsealed(text)


def _values(row: Any) -> list[Any]:
    """The values of a row: the connection may say that its rows are dicts."""
    return list(row.values()) if isinstance(row, dict) else list(row)
