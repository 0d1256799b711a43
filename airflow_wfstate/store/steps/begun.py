"""The answer to a begin that says ``run``."""

from __future__ import annotations

from sqlalchemy import Connection, select, true

from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import idempotency_key
from airflow_wfstate.store.payloads.stored_payload import payload_of
from airflow_wfstate.store.steps.attempt_key import STEP, AttemptKey, issue
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change


def begun_step(change: Change, caller: Caller, step_id: str, round_number: int, number: int) -> BegunStep:
    """The answer, with the attempt's key but without checkpoints."""
    key = AttemptKey(STEP, change.workflow_id, step_id, number, round_number, caller.task_instance_id)
    return BegunStep(
        decision=BeginDecision.RUN,
        workflow=change.ref(),
        step_id=step_id,
        attempt=number,
        round=round_number,
        idempotency_key=idempotency_key(step_id, round_number),
        attempt_key=issue(key, change.secret),
    )


def checkpoints_of(
    connection: Connection, step_id: str, round_number: int, *, only: str | None = None
) -> dict[str, Payload]:
    """The last value of each checkpoint of a round, by name.

    :param only: read just the checkpoint with this name; None for all.
    """
    checkpoint = schema.checkpoint
    named = true() if only is None else checkpoint.c.name == only
    rows = connection.execute(
        select(checkpoint.c.name, checkpoint.c.value, checkpoint.c.value_type, checkpoint.c.value_sha256)
        .where(checkpoint.c.step_id == step_id, checkpoint.c.round == round_number, named)
        .order_by(checkpoint.c.name)
    )
    values = {row.name: payload_of(row.value, row.value_type, row.value_sha256) for row in rows}
    return {name: payload for name, payload in values.items() if payload is not None}
