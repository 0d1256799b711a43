"""The current flags of a page of workflows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.flag import Flag, FlaggedRow, FlagKind, computed_flags
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.reading.lists.flag_conditions import is_shown

_flag: Final = schema.flag


def flags_of(connection: Connection, rows: Sequence[FlaggedRow]) -> dict[str, list[Flag]]:
    """The current flags of these workflows, in the order of their kinds: computed ones and those set by the sweep."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    found: dict[str, list[Flag]] = defaultdict(list, {row.id: computed_flags(row, now) for row in rows})
    stored = connection.execute(
        select(_flag)
        .join(schema.workflow, schema.workflow.c.id == _flag.c.workflow_id)
        .where(_flag.c.workflow_id.in_([row.id for row in rows]), is_shown())
    )
    for row in stored:
        found[row.workflow_id].append(Flag(FlagKind(row.kind), row.cause, row.since, row.owner, row.command))
    order = list(FlagKind)
    for flags in found.values():
        flags.sort(key=lambda flag: order.index(flag.kind))
    return found
