"""Which DAGs take part in workflows, and who owns them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag


@dataclass
class Participation:
    """The participation in one workflow.

    :param dag_ids: the DAGs of its runs, in the order in which they joined.
    :param owner: Airflow's owner of the DAG whose run started it; None when Airflow does not know it.
    """

    dag_ids: list[str] = field(default_factory=list)
    owner: str | None = None


def participation_of(connection: Connection, workflow_ids: Sequence[str]) -> dict[str, Participation]:
    """The participants of each of these workflows."""
    run = schema.run
    found: dict[str, Participation] = defaultdict(Participation)
    rows = connection.execute(
        select(run.c.workflow_id, run.c.dag_id, run.c.role, dag.c.owners)
        .outerjoin(dag, dag.c.dag_id == run.c.dag_id)
        .where(run.c.workflow_id.in_(workflow_ids))
        .group_by(run.c.workflow_id, run.c.dag_id, run.c.role, dag.c.owners)
        .order_by(run.c.workflow_id, func.min(run.c.linked_at), run.c.dag_id)
    )
    for row in rows:
        participation = found[row.workflow_id]
        if row.dag_id not in participation.dag_ids:
            participation.dag_ids.append(row.dag_id)
        if row.role == RunRole.OWNER.value:
            participation.owner = row.owners or participation.owner
    return found
