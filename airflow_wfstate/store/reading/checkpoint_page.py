"""Checkpoints of a step, with their values, a page at a time."""

from __future__ import annotations

from sqlalchemy import Connection, and_, or_, select

from airflow_wfstate.domain.messages.reading.pages import Checkpoint, CheckpointPage
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads.redact_column import redacted_paths
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.payloads.stored_payload import stored_payload_of
from airflow_wfstate.store.reading.step_page import check_step

_checkpoint = schema.checkpoint


def list_checkpoints(
    connection: Connection, workflow_id: str, step_id: str, after: str | None, limit: int
) -> CheckpointPage:
    """A page of checkpoints, as ``StateBackend.list_checkpoints`` says."""
    check_limit(limit)
    step_id = check_step(connection, workflow_id, step_id)
    redact = connection.execute(select(schema.step.c.redact).where(schema.step.c.id == step_id)).scalar_one()
    paths = redacted_paths(redact)
    statement = select(_checkpoint).where(_checkpoint.c.step_id == step_id)
    if after is not None:
        number, name = _after(after)
        statement = statement.where(
            or_(_checkpoint.c.round > number, and_(_checkpoint.c.round == number, _checkpoint.c.name > name))
        )
    rows = connection.execute(statement.order_by(_checkpoint.c.round, _checkpoint.c.name).limit(limit + 1)).all()
    checkpoints = [
        Checkpoint(
            row.round,
            row.name,
            shown(stored_payload_of(row.value, row.value_type, row.value_sha256), paths, name=row.name),
            row.attempt,
            row.saved_at,
        )
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return CheckpointPage(checkpoints, next_after=None if last is None else f"{last.round}:{last.name}")


def _after(text: str) -> tuple[int, str]:
    number, sign, name = text.partition(":")
    if not (sign and number.isascii() and number.isdigit() and len(number) < 10):
        raise InvalidRequest(f"{text[:80]!r} names no checkpoint.", "Give next_after of the page before.")
    return int(number), name
