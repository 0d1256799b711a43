"""What a cause of a flag is: a question to the tables, and a sentence for each answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select

from airflow_wfstate.domain.rules.flag import Flag, FlagKind

FoundRow = Row[Any]
"""A row of a cause's question; it has ``workflow_id``, and what the sentence needs."""


@dataclass(frozen=True)
class FlagCause:
    """How one kind of flag is found.

    :param question: the select of the time now; its rows are about open workflows, and the sweep adds order and limit.
    :param flag: of a row, at the time now; None when a second look shows that there is no cause.
    """

    kind: FlagKind
    question: Callable[[datetime], Select[Any]]
    flag: Callable[[Connection, FoundRow, datetime], Flag | None]
