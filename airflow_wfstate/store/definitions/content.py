"""The stored definitions of workflows, versioned by their content."""

from __future__ import annotations

from threading import Lock

from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.definition import Definition, parse_definition
from airflow_wfstate.domain.rules.plan import MAX_PARTICIPANTS, check_plan
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidName, InvalidRequest
from airflow_wfstate.redaction import check_paths
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert


def check_definition(definition: Definition) -> Definition:
    """Return the definition if its names are valid and its deadline is positive.

    :raises InvalidName: a plan entry or participant is not a valid name, or there are too many of them.
    :raises InvalidRequest: the deadline is not above zero, or over a hundred years; or a path of ``redact`` is invalid.
    """
    check_paths(definition.redact)
    check_plan(definition.plan)
    if len(definition.participants) > MAX_PARTICIPANTS:
        raise InvalidName(
            f"The definition names {len(definition.participants)} participants.",
            f"At most {MAX_PARTICIPANTS} are allowed; a DAG that a step triggers need not be named.",
        )
    for participant in definition.participants:
        check_name("participant", participant)
    deadline = definition.deadline_seconds
    if deadline is not None and not 0 < deadline <= 100 * 366 * 86400:
        raise InvalidRequest(
            f"The deadline of {deadline} seconds is out of range.", "Give a positive duration, or leave it out."
        )
    return definition


def store_definition(connection: Connection, name: str, definition: Definition) -> str:
    """Store the definition of a name unless it is already stored, and return its sha256."""
    content = definition.content()
    sha256 = definition.sha256()
    connection.execute(
        conflict_insert(connection.dialect.name, schema.definition)
        .values(name=name, sha256=sha256, content=content, created_at=database_now())
        .on_conflict_do_nothing(index_elements=["name", "sha256"])
    )
    return sha256


# What a hash identifies never changes, and each turn of a compensation would read it twice.
@cached(LRUCache(1024), key=lambda connection, name, sha256: hashkey(name, sha256), lock=Lock())
def read_definition(connection: Connection, name: str, sha256: str) -> Definition:
    """The definition of a workflow."""
    content = connection.execute(
        select(schema.definition.c.content).where(
            schema.definition.c.name == name, schema.definition.c.sha256 == sha256
        )
    ).scalar_one()
    return parse_definition(content)
