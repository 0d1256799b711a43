"""Whether the store is healthy: its tables answer, and the sweep runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.rules.states import OPEN_WORKFLOW_STATES
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.search_indexes import has_trigram_indexes
from airflow_wfstate.store.sweeping.sweep import last_sweep_at

SWEEP_PATIENCE: Final = timedelta(minutes=3)
"""Without a complete sweep for this long, health is red."""


@dataclass(frozen=True)
class Health:
    """The state of the store.

    :param open_workflows: their number; None when the reader may not see all of them.
    :param last_sweep_at: when the last complete sweep ended; None when there was none.
    :param sweep_is_late: whether that was more than 3 minutes ago, or never happened while workflows are open.
    :param finds_text_by_index: whether an index finds substrings of keys, labels and errors in lists (``contains``,
        ``error``): PostgreSQL with ``pg_trgm``. Otherwise lists read every row that other filters leave.
    """

    open_workflows: int | None
    last_sweep_at: datetime | None
    sweep_is_late: bool
    finds_text_by_index: bool


def read_health(connection: Connection) -> Health:
    """The current state of the store."""
    workflow = schema.workflow
    count: int = connection.execute(
        select(func.count()).where(workflow.c.state.in_([state.value for state in OPEN_WORKFLOW_STATES]))
    ).scalar_one()
    swept_at = last_sweep_at(connection)
    now: datetime = connection.execute(select(database_now())).scalar_one()
    late = count > 0 if swept_at is None else now - swept_at > SWEEP_PATIENCE
    return Health(
        open_workflows=count,
        last_sweep_at=swept_at,
        sweep_is_late=late,
        finds_text_by_index=has_trigram_indexes(connection),
    )
