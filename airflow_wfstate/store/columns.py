"""The kinds of columns that the tables are made of, and the metadata that holds the tables."""

from __future__ import annotations

from enum import Enum
from typing import Final

from sqlalchemy import CheckConstraint, MetaData, String, Uuid

from airflow_wfstate.domain.names import MAX_NAME_LENGTH

metadata: Final = MetaData()

SHA256: Final = String(64)
STATE: Final = String(20)
TYPE: Final = String(MAX_NAME_LENGTH)


def name() -> String:
    """Of names, keys and Airflow's ids."""
    return String(MAX_NAME_LENGTH)


def id_() -> Uuid[str]:
    """Of our ids and of task instances; a text in Python."""
    return Uuid(as_uuid=False)


def one_of(column: str, values: type[Enum], name: str) -> CheckConstraint:
    """The constraint that a column holds a value of an enumeration."""
    listed = ", ".join(f"'{member.value}'" for member in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)
