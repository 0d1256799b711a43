"""The cause of a flag: a query on the tables, and a sentence for each row of its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select

from airflow_wfstate.domain.rules.flag import Flag, FlagKind

FoundRow = Row[Any]
"""A row of a cause's query; it has ``workflow_id``, and the data for the sentence."""


@dataclass(frozen=True)
class FlagCause:
    """How one kind of flag is found.

    :param question: the query for the current time; its rows are about open workflows; the sweep adds order and limit.
    :param flag: the flag for a row at the current time; None when a second look shows that there is no cause.
    """

    kind: FlagKind
    question: Callable[[datetime], Select[Any]]
    flag: Callable[[Connection, FoundRow, datetime], Flag | None]
