"""A workflow with one wide mapped step, written directly into the tables, because the hot path would take minutes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Final

import uuid6
from sqlalchemy import Engine, Table, insert

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.store.database import schema

DAG: Final = "intake"
NAME: Final = "item"


def add_items(engine: Engine, workflow_id: str, run_id: str, items: int, *, bytes_each: int = 50) -> None:
    """Add this many items of one step to a workflow: every tenth has failed, the others have succeeded.

    Each has an attempt, a checkpoint and an output of ``bytes_each``, a compensation, and a journal entry.
    """
    now = datetime.now(timezone.utc)
    value = Payload.of("x" * bytes_each)
    ids = [str(uuid6.uuid7()) for _ in range(items)]
    rows = [
        (number, step_id, (StepState.SUCCEEDED if number % 10 else StepState.FAILED).value)
        for number, step_id in enumerate(ids)
    ]
    tables: dict[Table, list[dict[str, object]]] = {
        schema.step: [
            {
                "id": step_id,
                "workflow_id": workflow_id,
                "participant": DAG,
                "name": NAME,
                "item_key": f"{number:05}",
                "state": state,
                "round": 1,
                "attempt": 1,
                "error": None if number % 10 else "no such item",
                "started_at": now,
                "updated_at": now,
            }
            for number, step_id, state in rows
        ],
        schema.round_: [
            {
                "step_id": step_id,
                "number": 1,
                "state": state,
                "output": value.text,
                "output_type": value.type,
                "output_sha256": value.sha256,
            }
            for number, step_id, state in rows
        ],
        schema.attempt: [
            {
                "step_id": step_id,
                "number": 1,
                "round": 1,
                "state": state,
                "last_write": 1,
                "task_instance_id": str(uuid6.uuid7()),
                "dag_id": DAG,
                "run_id": run_id,
                "task_id": NAME,
                "map_index": number,
                "try_number": 1,
                "started_at": now,
                "ended_at": now,
            }
            for number, step_id, state in rows
        ],
        schema.checkpoint: [
            {
                "step_id": step_id,
                "round": 1,
                "name": "page",
                "value": value.text,
                "value_type": value.type,
                "value_sha256": value.sha256,
                "attempt": 1,
                "saved_at": now,
            }
            for step_id in ids
        ],
        schema.compensation: [
            {
                "step_id": step_id,
                "round": 1,
                "workflow_id": workflow_id,
                "state": CompensationState.ARMED.value,
                "handler": "undo",
                "compensate_when": "attempted",
                "max_attempts": 3,
                "attempts": 0,
                "dag_id": DAG,
                "run_id": run_id,
                "last_entry": 1000 + number,
            }
            for number, step_id in enumerate(ids)
        ],
        schema.journal: [
            {
                "workflow_id": workflow_id,
                "number": 1000 + number,
                "at": now,
                "kind": "step.began",
                "step": f"{DAG}.{NAME}[{number:05}]",
                "step_id": step_id,
                "attempt": 1,
                "actor": "task:x",
                "data": "{}",
            }
            for number, step_id, _ in rows
        ],
    }
    with engine.begin() as connection:
        for table, values in tables.items():
            connection.execute(insert(table), values)
