"""A cursor in the stream: everything up to here has been dealt with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import BEFORE_ALL_IDS
from airflow_wfstate.store.database.stream_position import BEFORE_ALL, position_column

_journal = schema.journal


@dataclass(frozen=True)
class Cursor:
    """The last entry dealt with, or a place between two entries.

    :param position: position of its transaction; see ``store/database/stream_position.py``.
    :param workflow_id: the workflow within that transaction, which may have written to several.
    :param number: number of the entry within the workflow.
    """

    position: int
    workflow_id: str = BEFORE_ALL_IDS
    number: int = 0

    @classmethod
    def of(cls, subscription: Row[Any]) -> Cursor:
        """The cursor in a row of ``wfstate_subscription``."""
        return cls(subscription.position, subscription.position_workflow_id, subscription.position_number)

    def columns(self) -> dict[str, object]:
        """The columns of the cursor in that table."""
        return {
            "position": self.position,
            "position_workflow_id": self.workflow_id,
            "position_number": self.number,
        }

    def is_before(self, connection: Connection) -> ColumnElement[bool]:
        """Whether a row of the journal comes after this cursor in the stream."""
        where = func.coalesce(position_column(connection), BEFORE_ALL)
        within = or_(
            _journal.c.workflow_id > self.workflow_id,
            and_(_journal.c.workflow_id == self.workflow_id, _journal.c.number > self.number),
        )
        return or_(where > self.position, and_(where == self.position, within))


BEGINNING = Cursor(BEFORE_ALL)
"""Before everything that is stored."""
