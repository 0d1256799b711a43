"""Unit tests of step functions, without Airflow's server or a database.

Call the function itself and pass a :class:`LocalStep`::

    step = LocalStep(key="1001", checkpoints={"printed": 1})
    label.function({"charge": "c-1"}, step=step)
    assert step.checkpoints["printed"] == 3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.messages.record import ReadRecords, Record, RecordPage, SaveRecord
from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep, RecordedWrite, SaveCheckpoint
from airflow_wfstate.domain.messages.token import CreatedToken, CreateToken
from airflow_wfstate.domain.messages.wait import RegisteredWait
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.waiting import WaitOutcome
from airflow_wfstate.operators.step import Step
from airflow_wfstate.operators.steps.attempt import Attempt

if TYPE_CHECKING:
    from airflow_wfstate.backends.state_backend import StateBackend

__all__ = ["LocalStep"]


@dataclass
class _Round:
    """What the attempts of a round share, kept in memory: the part of a ``StateBackend`` that an attempt writes to."""

    step_id: str
    answers: Mapping[str, object]
    checkpoints: dict[str, Payload] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)

    def save_checkpoint(self, request: SaveCheckpoint) -> RecordedWrite:
        self.checkpoints[request.name] = request.value
        return RecordedWrite(self.step_id, 1, request.write)

    def save_record(self, request: SaveRecord) -> RecordedWrite:
        self.records.setdefault(request.name, Record(request.name, request.value, request.is_error))
        return RecordedWrite(self.step_id, 1, request.write)

    def read_records(self, request: ReadRecords) -> RecordPage:
        return RecordPage(list(self.records.values())[request.skip :], next_skip=None)

    def create_token(self, request: CreateToken) -> CreatedToken:
        now = datetime.now(timezone.utc)
        arrived = request.name in self.answers
        wait = RegisteredWait(
            wait_id=f"{self.step_id}-{request.name}",
            registered_at=now,
            deadline_at=now + timedelta(seconds=request.expires_seconds),
            outcome=WaitOutcome.ARRIVED if arrived else None,
            output=encode(self.answers[request.name]) if arrived else None,
        )
        return CreatedToken(self.step_id, 1, request.write, wait)


class LocalStep(Step):
    """A step that keeps its state in memory, to pass to a step function in a unit test.

    It is a real :class:`~airflow_wfstate.operators.step.Step`: names and values are checked, and values are stored and
    read back as JSON, as they are in production. Nothing is sent anywhere.

    :param name: of the workflow.
    :param key: of the workflow.
    :param generation: of the workflow.
    :param correlation_id: of the workflow. None: its id.
    :param attempt: number of the attempt, from 1.
    :param round: number of the round, from 1.
    :param idempotency_key: None: a new one.
    :param checkpoints: by name, what earlier attempts of the round have saved.
    :param recorded: by name, what calls of :meth:`once` returned in earlier attempts: they are not made again.
    :param answers: by the token's name, what a partner has sent. ``token.wait()`` returns it; a token without an answer
        defers the task, as in Airflow.
    :raises InvalidPayload: a given value cannot be stored.
    """

    def __init__(
        self,
        *,
        name: str = "test",
        key: str = "test",
        generation: int = 1,
        correlation_id: str | None = None,
        attempt: int = 1,
        round: int = 1,
        idempotency_key: str | None = None,
        checkpoints: Mapping[str, object] | None = None,
        recorded: Mapping[str, object] | None = None,
        answers: Mapping[str, object] | None = None,
    ) -> None:
        workflow_id = str(uuid4())
        correlation_id = workflow_id if correlation_id is None else correlation_id
        workflow = WorkflowRef(workflow_id, name, key, generation, correlation_id, WorkflowState.RUNNING)
        kept = _Round(
            str(uuid4()),
            answers or {},
            {name: encode(value) for name, value in (checkpoints or {}).items()},
            {name: Record(name, encode(value), is_error=False) for name, value in (recorded or {}).items()},
        )
        self._begin(
            kept,
            BegunStep(
                BeginDecision.RUN,
                workflow,
                kept.step_id,
                attempt=attempt,
                round=round,
                idempotency_key=idempotency_key or str(uuid4()),
                attempt_key="local",
                writes_applied=len(kept.checkpoints) + len(kept.records),
                checkpoints=dict(kept.checkpoints),
            ),
        )

    def _begin(self, kept: _Round, begun: BegunStep) -> None:
        self._kept = kept
        super().__init__(Attempt(cast("StateBackend", kept), begun))

    @property
    def recorded(self) -> Mapping[str, Any]:
        """By name, what the calls of :meth:`once` have recorded; of a call that failed, its type and message."""
        return MappingProxyType({name: decode(record.value) for name, record in self._kept.records.items()})

    def next_attempt(self) -> LocalStep:
        """The next attempt of the same round, as after a retry: it finds the checkpoints and records of this one."""
        begun = self._attempt.begun
        retried = LocalStep.__new__(LocalStep)
        retried._begin(
            self._kept,
            BegunStep(
                BeginDecision.RUN,
                begun.workflow,
                begun.step_id,
                attempt=begun.attempt + 1,
                round=begun.round,
                idempotency_key=begun.idempotency_key,
                attempt_key=begun.attempt_key,
                checkpoints=dict(self._kept.checkpoints),
            ),
        )
        return retried

    def cancel(self) -> None:
        """Tell the step to end, as a cancel of its workflow does: :attr:`cancelled` is true from now on."""
        self._attempt.cancel()
