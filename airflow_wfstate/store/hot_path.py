"""The hot path on PostgreSQL: begin, checkpoint, record and end of an attempt as one call of a stored function each."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Final

from sqlalchemy import Engine

from airflow_wfstate.domain.record import SaveRecord
from airflow_wfstate.domain.states import WorkflowState
from airflow_wfstate.domain.step import BeginDecision, BeginStep, BegunStep, EndAttempt, RecordedWrite, SaveCheckpoint
from airflow_wfstate.domain.workflow import WorkflowRef
from airflow_wfstate.store.attempt_key import STEP, AttemptKey, issue, parse, verify
from airflow_wfstate.store.begin_step import check_begin
from airflow_wfstate.store.end_attempt import ENTRY_KINDS, check_end, end_data, stored_error
from airflow_wfstate.store.identity import idempotency_key, new_id
from airflow_wfstate.store.save_checkpoint import check_checkpoint
from airflow_wfstate.store.save_record import check_record
from airflow_wfstate.store.stored_function_call import DRIVERS, Row, StoredFunctionCall

_BEGIN: Final = (
    "SELECT * FROM wfstate_begin_new_step(%(task_instance_id)s::uuid, %(name)s::text, %(item_key)s::text, "
    "%(step_id)s::uuid, %(handler)s::text, %(compensate_when)s::text, %(max_attempts)s::integer, "
    "%(relay_task_id)s::text)"
)

_END: Final = (
    "SELECT wfstate_end_running_attempt(%(workflow_id)s::uuid, %(step_id)s::uuid, %(attempt)s::integer, "
    "%(round)s::integer, %(write)s::bigint, %(state)s::text, %(output)s::text, %(output_type)s::text, "
    "%(output_sha256)s::text, %(error)s::text, %(kind)s::text, %(data)s::text)"
)

_SAVE: Final = (
    "SELECT wfstate_save_checkpoint(%(workflow_id)s::uuid, %(step_id)s::uuid, %(attempt)s::integer, "
    "%(round)s::integer, %(write)s::bigint, %(name)s::text, %(value)s::text, %(value_type)s::text, "
    "%(value_sha256)s::text)"
)

_SAVE_RECORD: Final = (
    "SELECT wfstate_save_record(%(workflow_id)s::uuid, %(step_id)s::uuid, %(attempt)s::integer, "
    "%(round)s::integer, %(write)s::bigint, %(name)s::text, %(value)s::text, %(value_type)s::text, "
    "%(value_sha256)s::text, %(is_error)s::boolean)"
)


class WorkflowSecrets:
    """The secrets of the workflows that were begun lately: they never change, and verify keys without a read.

    :param size: how many are kept; the least lately used goes first.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._secrets: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def remember(self, workflow_id: str, secret: str) -> None:
        """Keep a secret."""
        with self._lock:
            self._secrets[workflow_id] = secret
            self._secrets.move_to_end(workflow_id)
            while len(self._secrets) > self._size:
                self._secrets.popitem(last=False)

    def find(self, workflow_id: str) -> str | None:
        """The secret of a workflow; None when it is not kept."""
        with self._lock:
            return self._secrets.get(workflow_id)


def has_hot_path(engine: Engine) -> bool:
    """Whether the database has the stored functions, and its driver is one that can call them."""
    return engine.dialect.name == "postgresql" and engine.dialect.driver in DRIVERS


class HotPath:
    """Begin, checkpoints, records and end of attempts in the plain case.

    :param engine: of a PostgreSQL database, by a driver that :func:`has_hot_path` knows.
    """

    def __init__(self, engine: Engine) -> None:
        self._call = StoredFunctionCall(engine)
        self._secrets = WorkflowSecrets()

    def begin_new_step(self, request: BeginStep) -> BegunStep | None:
        """Begin a step that never began in a running workflow; None in any other case: nothing was changed."""
        request = check_begin(request)
        step_id = new_id()
        declared = request.compensation
        parameters = {
            "task_instance_id": request.task_instance_id,
            "name": request.name,
            "item_key": request.item_key,
            "step_id": step_id,
            "handler": None if declared is None else declared.handler,
            "compensate_when": None if declared is None else declared.when.value,
            "max_attempts": None if declared is None else declared.max_attempts,
            "relay_task_id": request.relay_task_id,
        }

        row = self._call(_BEGIN, parameters)
        return None if row is None else self._begun(row, step_id, request.task_instance_id)

    def save_checkpoint(self, request: SaveCheckpoint) -> RecordedWrite | None:
        """Save a checkpoint of an attempt that runs; None in any other case: nothing was changed."""
        check_checkpoint(request)
        key = self._verified(request.attempt_key)
        if key is None:
            return None
        return self._written(_SAVE, _value_parameters(key, request), key, request.write)

    def save_record(self, request: SaveRecord) -> RecordedWrite | None:
        """Save a record of an attempt that runs; None in any other case: nothing was changed."""
        check_record(request)
        key = self._verified(request.attempt_key)
        if key is None:
            return None
        parameters = {**_value_parameters(key, request), "is_error": request.is_error}
        return self._written(_SAVE_RECORD, parameters, key, request.write)

    def end_running_attempt(self, request: EndAttempt) -> RecordedWrite | None:
        """End an attempt that is the newest and runs; None in any other case: nothing was changed."""
        check_end(request)
        key = self._verified(request.attempt_key)
        if key is None:
            return None
        output = request.output
        parameters = {
            "workflow_id": key.workflow_id,
            "step_id": key.step_id,
            "attempt": key.attempt,
            "round": key.round,
            "write": request.write,
            "state": request.state.value,
            "output": None if output is None else output.text,
            "output_type": None if output is None else output.type,
            "output_sha256": None if output is None else output.sha256,
            "error": stored_error(request),
            "kind": ENTRY_KINDS[request.state].value,
            "data": json.dumps(end_data(request), ensure_ascii=True, separators=(",", ":")),
        }
        return self._written(_END, parameters, key, request.write)

    def _verified(self, text: str) -> AttemptKey | None:
        """The key, when its workflow's secret is kept here; None when it is not."""
        key = parse(text)
        secret = self._secrets.find(key.workflow_id)
        if secret is None:
            return None
        verify(key, secret)
        return key

    def _begun(self, row: Row, step_id: str, task_instance_id: str) -> BegunStep:
        workflow_id, name, key, generation, correlation_id, secret = row
        workflow = WorkflowRef(
            str(workflow_id), str(name), str(key), int(str(generation)), str(correlation_id), WorkflowState.RUNNING
        )
        self._secrets.remember(workflow.id, str(secret))
        return BegunStep(
            decision=BeginDecision.RUN,
            workflow=workflow,
            step_id=step_id,
            attempt=1,
            round=1,
            idempotency_key=idempotency_key(step_id, 1),
            attempt_key=issue(AttemptKey(STEP, workflow.id, step_id, 1, 1, task_instance_id), str(secret)),
        )

    def _written(
        self, statement: str, parameters: dict[str, object], key: AttemptKey, write: int
    ) -> RecordedWrite | None:
        row = self._call(statement, parameters)
        return RecordedWrite(key.step_id, key.attempt, write) if row is not None and row[0] else None


def _value_parameters(key: AttemptKey, request: SaveCheckpoint | SaveRecord) -> dict[str, object]:
    return {
        "workflow_id": key.workflow_id,
        "step_id": key.step_id,
        "attempt": key.attempt,
        "round": key.round,
        "write": request.write,
        "name": request.name,
        "value": request.value.text,
        "value_type": request.value.type,
        "value_sha256": request.value.sha256,
    }
