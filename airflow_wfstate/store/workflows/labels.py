"""The labels of workflows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, insert, select

from airflow_wfstate.store.database import schema

_label: Final = schema.label


def insert_labels(connection: Connection, workflow_id: str, labels: Mapping[str, str]) -> None:
    """Store the labels of a new workflow; they never change."""
    if labels:
        rows = [{"workflow_id": workflow_id, "name": name, "value": value} for name, value in labels.items()]
        connection.execute(insert(_label), rows)


def labels_of(connection: Connection, workflow_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The labels of these workflows, by name, sorted by name."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = connection.execute(
        select(_label).where(_label.c.workflow_id.in_(workflow_ids)).order_by(_label.c.workflow_id, _label.c.name)
    )
    for row in rows:
        found[row.workflow_id][row.name] = row.value
    return found
