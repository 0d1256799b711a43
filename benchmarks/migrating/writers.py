"""The writers during a migration: they call the stored functions of the hot path, and start workflows."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import psycopg
import uuid6

_PAUSE_SECONDS: Final = 0.02
"""The pause between two calls of a writer. A few hundred calls a second in total leave the server time to migrate."""

_BEGINS: Final = (
    "SELECT wfstate_begin_first_attempt(%s::uuid, %s, '', %s::uuid, 'task:undo', 'attempted', 3, 'compensate')",
    "SELECT wfstate_begin_first_attempt(%s::uuid, %s, '', %s::uuid, 'task:undo', 'attempted', 3, 'compensate', NULL)",
)
"""As declared by the revisions before 0007, and since then."""

_ENDS: Final = (
    "SELECT wfstate_end_running_attempt(%s::uuid, %s::uuid, 1, 1, 1, 'succeeded', '{}', 'dict', repeat('0', 64), NULL, "
    "'step.succeeded', '{}')",
    "SELECT wfstate_end_running_attempt(%s::uuid, %s::uuid, 1, 1, 1, repeat('0', 64), 'succeeded', '{}', 'dict', "
    "repeat('0', 64), NULL, 'step.succeeded', '{}')",
)

_START: Final = """
INSERT INTO wfstate_workflow (id, name, key, generation, correlation_id, state, version, journal_count,
       definition_sha256, implicit, reopened, on_failure, input, input_type, input_sha256, secret, started_at,
       updated_at)
SELECT %(id)s, 'order', %(id)s::text, 1, %(id)s::text, 'running', 1, 0, repeat('0', 64), false, false, 'hold', '{}',
       'dict', repeat('0', 64), repeat('0', 64), now(), now()
"""
_BIND: Final = """
INSERT INTO wfstate_run (workflow_id, dag_id, run_id, role, bound, relay_task_id, linked_at)
VALUES (%(id)s, %(dag_id)s, %(run_id)s, 'owner', true, 'compensate', now())
"""
_READ: Final = "SELECT id, key, state FROM wfstate_workflow ORDER BY started_at DESC, id DESC LIMIT 50"


@dataclass(frozen=True)
class Call:
    """One call of a writer: what, when it began (monotonic seconds), and how long it took."""

    what: str
    began: float
    seconds: float


@dataclass
class Writers:
    """Threads that write until they are stopped.

    :param url: a libpq URL.
    :param runs: DAG id, run id and running task instance of each workflow to write to; each gets a thread.
    """

    url: str
    runs: list[tuple[str, str, str]]
    calls: list[Call] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Writers:
        for run in self.runs:
            self._threads.append(threading.Thread(target=self._write, args=run, daemon=True))
        self._threads.append(threading.Thread(target=self._start_and_list, daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def longest(self, since: float, until: float) -> Call:
        """The longest of the calls that were in progress between two moments (monotonic seconds)."""
        met = [call for call in list(self.calls) if call.began < until and call.began + call.seconds > since]
        return max(met, key=lambda call: call.seconds, default=Call("none", since, 0.0))

    def _write(self, dag_id: str, run_id: str, task_instance_id: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            workflow_id = uuid6.uuid7()
            connection.execute(_START, {"id": workflow_id})
            connection.execute(_BIND, {"id": workflow_id, "dag_id": dag_id, "run_id": run_id})
            number, version = 0, 0
            while not self._stop.is_set():
                number += 1
                step_id = uuid6.uuid7()
                version = self._begin(connection, version, task_instance_id, f"step-{number}", step_id)
                self._stop.wait(_PAUSE_SECONDS)
                self._call(connection, "end", _ENDS[version], (workflow_id, step_id))
                self._stop.wait(_PAUSE_SECONDS)

    def _begin(
        self, connection: psycopg.Connection, version: int, task_instance_id: str, name: str, step_id: UUID
    ) -> int:
        """Begin a step with this version's function, or the next one's if it is gone. Returns the version used."""
        arguments = (task_instance_id, name, step_id)
        if self._call(connection, "begin", _BEGINS[version], arguments, dropped=version == 0):
            return version
        self._call(connection, "begin", _BEGINS[1], arguments)
        return 1

    def _start_and_list(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self._stop.is_set():
                self._call(connection, "start", _START, {"id": uuid6.uuid7()})
                self._stop.wait(_PAUSE_SECONDS)
                self._call(connection, "list", _READ)
                self._stop.wait(_PAUSE_SECONDS)

    def _call(
        self, connection: psycopg.Connection, what: str, statement: str, arguments: object = None, dropped: bool = False
    ) -> bool:
        """Run a statement and record how long it takes; False when the function has been dropped.

        :param dropped: whether the function may have been dropped.
        """
        began = time.monotonic()
        try:
            connection.execute(statement, arguments)  # type: ignore[arg-type]  # our own texts
        except psycopg.errors.UndefinedFunction:
            if dropped:
                return False
            self.errors["UndefinedFunction"] += 1
        except psycopg.Error as error:
            self.errors[f"{what}: {type(error).__name__}: {str(error).splitlines()[0][:100]}"] += 1
        self.calls.append(Call(what, began, time.monotonic() - began))
        return True
