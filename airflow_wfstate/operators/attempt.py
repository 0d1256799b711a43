"""An attempt: the right to write for a round, and the writes made with it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.domain.states import StepState
from airflow_wfstate.domain.step import BegunStep, EndAttempt, LinkChildRun, RecordedWrite, SaveCheckpoint


class Attempt:
    """What this process holds after a begin that said ``run``.

    Its writes are numbered above those that were applied before, and go out one at a time, also when several
    threads of a step save checkpoints.

    :param backend: the way to the store.
    :param begun: the store's answer to the begin.
    """

    def __init__(self, backend: StateBackend, begun: BegunStep) -> None:
        self.begun = begun
        self._backend = backend
        self._last_write = begun.writes_applied
        self._lock = Lock()

    def save_checkpoint(self, name: str, value: object) -> None:
        """Keep a value under a name; see ``StateBackend.save_checkpoint``."""
        payload = encode(value)
        self._write(
            lambda number: self._backend.save_checkpoint(
                SaveCheckpoint(attempt_key=self.begun.attempt_key, write=number, name=name, value=payload)
            )
        )

    def link_child_run(self, dag_id: str, run_id: str) -> None:
        """Bind a run that is about to be triggered; see ``StateBackend.link_child_run``."""
        self._write(
            lambda number: self._backend.link_child_run(
                LinkChildRun(attempt_key=self.begun.attempt_key, write=number, dag_id=dag_id, run_id=run_id)
            )
        )

    def end(self, state: StepState, *, output: Payload | None = None, error: str | None = None) -> None:
        """Record how the attempt ended, or that it waits; see ``StateBackend.end_attempt``."""
        self._write(
            lambda number: self._backend.end_attempt(
                EndAttempt(attempt_key=self.begun.attempt_key, write=number, state=state, output=output, error=error)
            )
        )

    def _write(self, send: Callable[[int], RecordedWrite]) -> None:
        with self._lock:
            self._last_write += 1
            send(self._last_write)
