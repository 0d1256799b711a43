"""The hot path on PostgreSQL: begin, checkpoint, record and end of an attempt are one stored function call each."""

from __future__ import annotations

import json
from typing import cast

from sqlalchemy import Engine

from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.step import (
    BeginDecision,
    BeginStep,
    BegunStep,
    EndAttempt,
    RecordedWrite,
    SaveCheckpoint,
)
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database.identity import idempotency_key, new_id
from airflow_wfstate.store.database.stored_function_call import DRIVERS, StoredFunctionCall
from airflow_wfstate.store.database.stored_functions import (
    BEGIN_FIRST_ATTEMPT,
    END_RUNNING_ATTEMPT,
    SAVE_CHECKPOINT,
    SAVE_RECORD,
)
from airflow_wfstate.store.payloads.stored_payload import StoredPayload
from airflow_wfstate.store.steps.attempt_key import STEP, AttemptKey, issue, parse
from airflow_wfstate.store.steps.begin_request import check_begin
from airflow_wfstate.store.steps.end_attempt import ENTRY_KINDS, end_data, stored_error
from airflow_wfstate.store.steps.write_content import content_sha256


def has_hot_path(engine: Engine) -> bool:
    """Whether the database has the stored functions and its driver can call them."""
    return engine.dialect.name == "postgresql" and engine.dialect.driver in DRIVERS


class HotPath:
    """Begins, checkpoints, records and ends of attempts in the plain case.

    A method returns None when the case is not plain, when this store did not issue the attempt key, or when the
    database was unreachable or did not answer. The transaction in Python then decides and reports the reason. A write
    whose answer was lost may have been applied; that transaction recognises it like any repeated write.

    :param engine: a PostgreSQL database, with a driver that :func:`has_hot_path` accepts.
    """

    def __init__(self, engine: Engine) -> None:
        self._call = StoredFunctionCall(engine)

    def begin_new_step(self, request: BeginStep) -> BegunStep | None:
        """Begin a step that has never begun, in a running workflow; None in any other case."""
        request = check_begin(request)
        if request.pivot or request.irreversible is not None or request.redact or request.was:
            return None
        step_id = new_id()
        declared = request.compensation
        found = self._call(
            BEGIN_FIRST_ATTEMPT,
            request.task_instance_id,
            request.name,
            request.item_key,
            step_id,
            None if declared is None else declared.handler,
            None if declared is None else declared.when.value,
            None if declared is None else declared.max_attempts,
            request.relay_task_id,
            request.arguments_sha256,
        )
        return None if found is None else self._begun(cast("list[str]", found), step_id, request.task_instance_id)

    def save_checkpoint(self, request: SaveCheckpoint, value: StoredPayload) -> RecordedWrite | None:
        """Save a checkpoint of a running attempt; None in any other case.

        :param value: as stored by ``keep_checkpoint``.
        """
        key = parse(request.attempt_key)
        saved = self._call(SAVE_CHECKPOINT, *_value_arguments(key, request, value), key.body(), key.mac)
        return RecordedWrite(key.step_id, key.attempt, request.write) if saved else None

    def save_record(self, request: SaveRecord, value: StoredPayload) -> RecordedWrite | None:
        """Save a record of a running attempt; None in any other case.

        :param value: as stored by ``keep_record``.
        """
        key = parse(request.attempt_key)
        saved = self._call(SAVE_RECORD, *_value_arguments(key, request, value), request.is_error, key.body(), key.mac)
        return RecordedWrite(key.step_id, key.attempt, request.write) if saved else None

    def end_running_attempt(self, request: EndAttempt, output: StoredPayload | None) -> RecordedWrite | None:
        """End the newest attempt if it is running; None in any other case.

        :param output: as stored by ``keep_output``.
        """
        key = parse(request.attempt_key)
        ended = self._call(
            END_RUNNING_ATTEMPT,
            key.workflow_id,
            key.step_id,
            key.attempt,
            key.round,
            request.write,
            content_sha256(request),
            request.state.value,
            None if output is None else output.text,
            None if output is None else output.type,
            None if output is None else output.sha256,
            stored_error(request),
            ENTRY_KINDS[request.state].value,
            json.dumps(end_data(request), ensure_ascii=True, separators=(",", ":")),
            key.body(),
            key.mac,
        )
        return RecordedWrite(key.step_id, key.attempt, request.write) if ended else None

    def _begun(self, found: list[str], step_id: str, task_instance_id: str) -> BegunStep:
        """The answer; ``found`` holds the workflow's id, name, key, generation, correlation id and secret."""
        workflow_id, name, key, generation, correlation_id, secret = found
        workflow = WorkflowRef(workflow_id, name, key, int(generation), correlation_id, WorkflowState.RUNNING)
        return BegunStep(
            decision=BeginDecision.RUN,
            workflow=workflow,
            step_id=step_id,
            attempt=1,
            round=1,
            idempotency_key=idempotency_key(step_id, 1),
            attempt_key=issue(AttemptKey(STEP, workflow.id, step_id, 1, 1, task_instance_id), secret),
        )


def _value_arguments(key: AttemptKey, request: SaveCheckpoint | SaveRecord, value: StoredPayload) -> tuple[object, ...]:
    of_attempt = (key.workflow_id, key.step_id, key.attempt, key.round, request.write, content_sha256(request))
    return (*of_attempt, request.name, value.text, value.type, value.sha256)
