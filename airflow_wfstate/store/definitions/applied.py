"""The definition that is applied to a name now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.rules.definition import Definition, parse_definition
from airflow_wfstate.store.database import schema

_applied, _content = schema.applied_definition, schema.definition


@dataclass(frozen=True)
class AppliedDefinition:
    """A version that was applied.

    :param number: of the version; the greatest of a name is in force.
    """

    name: str
    number: int
    sha256: str
    definition: Definition


def read_applied(connection: Connection, name: str) -> AppliedDefinition | None:
    """The definition in force for a name; None when none was ever applied."""
    row = connection.execute(
        select(_applied.c.name, _applied.c.number, _applied.c.sha256, _content.c.content)
        .join(_content, (_content.c.name == _applied.c.name) & (_content.c.sha256 == _applied.c.sha256))
        .where(_applied.c.name == name)
        .order_by(_applied.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else AppliedDefinition(*row[:3], parse_definition(row.content))


def read_choreographies(connection: Connection) -> list[AppliedDefinition]:
    """The definitions in force in which services take part, by name.

    Contents are parsed once in a process: what a hash names never changes.
    """
    newest = select(_applied.c.name, func.max(_applied.c.number).label("number")).group_by(_applied.c.name).subquery()
    rows = connection.execute(
        select(_applied.c.name, _applied.c.number, _applied.c.sha256, _content.c.content)
        .join(newest, (newest.c.name == _applied.c.name) & (newest.c.number == _applied.c.number))
        .join(_content, (_content.c.name == _applied.c.name) & (_content.c.sha256 == _applied.c.sha256))
        .order_by(_applied.c.name)
    )
    found = [AppliedDefinition(*row[:3], parse_definition(row.content)) for row in rows]
    return [applied for applied in found if applied.definition.choreography is not None]
