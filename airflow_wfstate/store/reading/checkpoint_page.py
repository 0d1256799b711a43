"""Checkpoints of a step, with their values, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from airflow_wfstate.domain.messages.reading.pages import Checkpoint, CheckpointPage
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads.redact_column import redacted_paths
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.payloads.size import size_columns
from airflow_wfstate.store.payloads.stored_payload import size_by_head, stored_payload_of
from airflow_wfstate.store.reading.step_page import check_step

_checkpoint = schema.checkpoint
_ORDER: Final = (_checkpoint.c.round, _checkpoint.c.name)

MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
"""Limit for the values of a page with more than one: reading and masking a megabyte takes 0.15 s."""


def list_checkpoints(
    connection: Connection, workflow_id: str, step_id: str, after: str | None, limit: int
) -> CheckpointPage:
    """A page of checkpoints, as described at ``StateBackend.list_checkpoints``."""
    check_limit(limit)
    step_id = check_step(connection, workflow_id, step_id)
    redact = connection.execute(select(schema.step.c.redact).where(schema.step.c.id == step_id)).scalar_one()
    paths = redacted_paths(redact)
    behind = [_checkpoint.c.step_id == step_id]
    if after is not None:
        number, name = _after(after)
        behind.append(or_(_checkpoint.c.round > number, and_(_checkpoint.c.round == number, _checkpoint.c.name > name)))
    fitting, last = _fitting(connection, behind, limit)
    rows = connection.execute(select(_checkpoint).where(*behind).order_by(*_ORDER).limit(fitting)).all()
    checkpoints = [
        Checkpoint(
            row.round,
            row.name,
            shown(stored_payload_of(row.value, row.value_type, row.value_sha256), paths, name=row.name),
            row.attempt,
            row.saved_at,
        )
        for row in rows
    ]
    return CheckpointPage(checkpoints, next_after=last)


def _fitting(connection: Connection, behind: Sequence[ColumnElement[bool]], limit: int) -> tuple[int, str | None]:
    """How many checkpoints fit on the page, and the last of them if others follow."""
    sizes = (_checkpoint.c.round, _checkpoint.c.name, *size_columns(connection, _checkpoint.c.value))
    found = connection.execute(select(*sizes).where(*behind).order_by(*_ORDER).limit(limit + 1)).all()
    total = fitting = 0
    for row in found[:limit]:
        total += size_by_head(row.head, row.length)
        if fitting and total > MAX_PAGE_BYTES:
            break
        fitting += 1
    last = found[fitting - 1] if fitting < len(found) else None
    return fitting, None if last is None else f"{last.round}:{last.name}"


def _after(text: str) -> tuple[int, str]:
    number, sign, name = text.partition(":")
    if not (sign and number.isascii() and number.isdigit() and len(number) < 10):
        raise InvalidRequest(f"{text[:80]!r} is not a checkpoint's position.", "Give next_after of the previous page.")
    return int(number), name
