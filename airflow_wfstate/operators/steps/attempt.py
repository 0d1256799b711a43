"""Attempt: the right to write for a round, and the writes made with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, NoReturn, TypeVar

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.domain import messages
from airflow_wfstate.domain.messages.step import (
    BegunStep,
    EndAttempt,
    LinkChildRun,
    LinkedChildRun,
    RecordedWrite,
    SaveCheckpoint,
)
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import ForeignProcess
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID
from airflow_wfstate.operators.steps.once import Call, Calls

if TYPE_CHECKING:
    from airflow_wfstate.backends.state_backend import StateBackend
    from airflow_wfstate.domain.messages.record import Record
    from airflow_wfstate.domain.messages.token import CreatedToken
    from airflow_wfstate.domain.messages.wait import RegisteredWait, WaitTarget

Written = TypeVar("Written", RecordedWrite, LinkedChildRun, "CreatedToken")


class Attempt:
    """What this process holds after a begin that answered ``run``.

    Its writes continue the numbering of those already applied, and are sent one at a time, even if several threads of a
    step save checkpoints. Only the process that began the attempt may write. Another process would have a copy of the
    counter, and the store would take its writes for repeated ones.

    :param backend: the backend that reaches the store.
    :param begun: the store's answer to the begin.
    :param conn_id: the Airflow connection of the backend, for triggers that must use the same one.
    """

    def __init__(self, backend: StateBackend, begun: BegunStep, conn_id: str = DEFAULT_CONNECTION_ID) -> None:
        self.begun = begun
        self.conn_id = conn_id
        self._backend = backend
        self._last_write = begun.writes_applied
        self._lock = Lock()
        self._process_id = os.getpid()
        self._records: dict[str, Record] | None = None
        self._calls = Calls()
        self._cancelled = False
        self.outcome_is_unknown = False
        """Whether an error at this point leaves it unknown if the step acted. Its end is then lost, not failed."""

    @property
    def cancelled(self) -> bool:
        """Whether Airflow told this process to stop: its task was failed or cleared, or the worker stops.

        Airflow kills the process a few seconds later (5 by default). Whatever is saved until then counts, and a step
        that returns is recorded as it ended. After an ``execution_timeout`` this stays False: Airflow raises
        ``AirflowTaskTimeout`` in the step instead.
        """
        return self._cancelled

    def cancel(self) -> None:
        """Note that the process was told to stop. A signal handler calls this, so it takes no lock."""
        self._cancelled = True

    def save_checkpoint(self, name: str, value: object) -> None:
        """Save a value under a name; see ``StateBackend.save_checkpoint``."""
        payload = encode(value)
        self._write(
            lambda number: self._backend.save_checkpoint(
                SaveCheckpoint(attempt_key=self.begun.attempt_key, write=number, name=name, value=payload)
            )
        )

    def claim_call(self, call: Call) -> Record | None:
        """Reserve the name of a call, and return the record that an earlier attempt left; None if there is none.

        Records are read once, and only by an attempt that follows another one, or was resumed.

        :raises InvalidName: another call of this attempt has the name.
        :raises ForeignProcess: another process began the attempt, so this one cannot record the call.
        """
        self._check_process()
        name = call.name
        with self._lock:
            self._calls.claim(call)
            if self._records is None:
                self._records = self._read_records()
            return self._records.get(name)

    def save_record(self, name: str, value: object, *, is_error: bool = False, is_awaited: bool = False) -> None:
        """Save the result of a call; see ``StateBackend.save_record``."""
        payload = encode(value)
        if is_awaited:
            payload = replace(payload, type=f"{messages.record.AWAITED}{payload.type}")
        self._write(
            lambda number: self._backend.save_record(
                messages.record.SaveRecord(
                    attempt_key=self.begun.attempt_key, write=number, name=name, value=payload, is_error=is_error
                )
            )
        )

    def _read_records(self) -> dict[str, Record]:
        records: dict[str, Record] = {}
        if self.begun.attempt == 1 and self.begun.writes_applied == 0:
            return records
        skip: int | None = 0
        while skip is not None:
            page = self._backend.read_records(messages.record.ReadRecords(self.begun.attempt_key, skip=skip))
            records.update((record.name, record) for record in page.records)
            skip = page.next_skip
        return records

    def link_child_run(self, dag_id: str, run_id: str) -> str:
        """Bind a run that is about to be triggered, and return the id of the one to trigger and wait for.

        See ``StateBackend.link_child_run``.
        """
        linked = self._write(
            lambda number: self._backend.link_child_run(
                LinkChildRun(attempt_key=self.begun.attempt_key, write=number, dag_id=dag_id, run_id=run_id)
            )
        )
        return linked.run_id

    def create_token(self, name: str, sha256: str, expires: timedelta) -> RegisteredWait:
        """Create a token for a wait of the round, and return that wait; see ``StateBackend.create_token``."""
        created = self._write(
            lambda number: self._backend.create_token(
                messages.token.CreateToken(
                    attempt_key=self.begun.attempt_key,
                    write=number,
                    name=name,
                    sha256=sha256,
                    expires_seconds=expires.total_seconds(),
                )
            )
        )
        return created.wait

    def register_wait(self, task_instance_id: str, target: WaitTarget, timeout: timedelta | None) -> RegisteredWait:
        """Let the round wait, or find out how its wait ended; see ``StateBackend.register_wait``.

        :param task_instance_id: id of the task instance that holds the attempt.
        """
        seconds = None if timeout is None else timeout.total_seconds()
        return self._backend.register_wait(
            messages.wait.RegisterWait(task_instance_id, target, seconds, attempt_key=self.begun.attempt_key)
        )

    def end(self, state: StepState, *, output: Payload | None = None, error: str | None = None) -> None:
        """Record how the attempt ended, or that it waits; see ``StateBackend.end_attempt``."""
        self._write(
            lambda number: self._backend.end_attempt(
                EndAttempt(attempt_key=self.begun.attempt_key, write=number, state=state, output=output, error=error)
            )
        )

    def _write(self, send: Callable[[int], Written]) -> Written:
        self._check_process()
        with self._lock:
            self._last_write += 1
            return send(self._last_write)

    def _check_process(self) -> None:
        """Check that this process began the attempt. Called before locking, because a fork may have copied a held lock.

        :raises ForeignProcess: another process did.
        """
        if os.getpid() != self._process_id:
            raise _foreign_process(f"Process {os.getpid()} cannot write for it: process {self._process_id} began it")

    def __getstate__(self) -> NoReturn:
        """Refuse to be pickled, which is how it would reach another process."""
        raise _foreign_process("It cannot be passed to another process")


def _foreign_process(reason: str) -> ForeignProcess:
    return ForeignProcess(
        f"A step belongs to the process of its task. {reason}; nothing was sent.",
        "Return the values to the step's own process, or send them through a queue, and save them there.",
    )


_AT_WORK: list[Attempt] = []
"""The attempt that this process is executing. There is at most one: each task has its own process, and ``dag.test()``
runs one task after another."""


@contextmanager
def at_work(attempt: Attempt) -> Iterator[None]:
    """Let :func:`cancel_at_work` find the attempt inside this context."""
    _AT_WORK.append(attempt)
    try:
        yield
    finally:
        _AT_WORK.remove(attempt)


def cancel_at_work() -> None:
    """Tell the attempt of this process to stop. An operator's ``on_kill`` calls this for its step."""
    for attempt in _AT_WORK:
        attempt.cancel()
