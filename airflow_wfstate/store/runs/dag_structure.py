"""How the tasks of a DAG follow each other, in one version of the DAG.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.reading.graph import GraphEdge, GraphGroup
from airflow_wfstate.store.runs.dag_steps import steps_of_dag

if TYPE_CHECKING:
    from airflow.serialization.definitions.dag import SerializedDAG


@dataclass(frozen=True)
class StructureTask:
    """A task as its DAG declares it.

    :param step: the name of the step that it declares; None when it declares none.
    """

    id: str
    operator: str
    group: str | None
    is_mapped: bool
    step: str | None


@dataclass(frozen=True)
class DagStructure:
    """The tasks, task groups and edges of a version of a DAG, each in a stable order."""

    tasks: list[StructureTask]
    groups: list[GraphGroup]
    edges: list[GraphEdge]


@dataclass(frozen=True)
class VersionOfRun:
    """What identifies the version of the DAG that a run has.

    :param newest_number: the newest version among its task instances; None when none of them has one.
    :param created_id: the version with which the run was created; None when Airflow kept none.
    """

    dag_id: str
    newest_number: int | None
    created_id: Any


@dataclass(frozen=True)
class Version:
    """A version of a DAG that Airflow still has."""

    id: Any
    dag_id: str
    number: int
    dag_hash: str


def versions_of(session: Session, runs: Iterable[VersionOfRun]) -> dict[VersionOfRun, Version]:
    """The version of each run: that of its tasks, else the one it was created with, else the newest of its DAG.

    Leaves out runs whose DAG Airflow no longer knows. Two statements, however many runs.
    """
    from airflow.models.dag_version import DagVersion
    from airflow.models.serialized_dag import SerializedDagModel

    wanted = set(runs)
    newest = (
        select(DagVersion.dag_id, func.max(DagVersion.version_number).label("number"))
        .where(DagVersion.dag_id.in_({run.dag_id for run in wanted}))
        .group_by(DagVersion.dag_id)
        .subquery()
    )
    numbers = {(run.dag_id, run.newest_number) for run in wanted if run.newest_number is not None}
    rows = session.execute(
        select(DagVersion.id, DagVersion.dag_id, DagVersion.version_number, SerializedDagModel.dag_hash)
        .join(SerializedDagModel, SerializedDagModel.dag_version_id == DagVersion.id)
        .join(newest, newest.c.dag_id == DagVersion.dag_id)
        .where(
            or_(
                tuple_(DagVersion.dag_id, DagVersion.version_number).in_(numbers),
                DagVersion.id.in_({run.created_id for run in wanted if run.created_id is not None}),
                DagVersion.version_number == newest.c.number,
            )
        )
        .order_by(DagVersion.version_number)
    )
    found = [Version(row.id, row.dag_id, row.version_number, row.dag_hash) for row in rows]
    by_number = {(version.dag_id, version.number): version for version in found}
    by_id = {version.id: version for version in found}
    latest = {version.dag_id: version for version in found}
    chosen = {
        run: by_number.get((run.dag_id, run.newest_number or 0)) or by_id.get(run.created_id) or latest.get(run.dag_id)
        for run in wanted
    }
    return {run: version for run, version in chosen.items() if version is not None}


# Each view of a graph asks for the same few versions, and reading a DAG of 500 tasks takes 20 ms. The hash is part of
# the key because Airflow may rewrite a version as long as no run has used it.
@cached(LRUCache(64), key=lambda session, version: hashkey(version.id, version.dag_hash), lock=Lock())
def structure_of(session: Session, version: Version) -> DagStructure | None:
    """The structure of a version; None when Airflow has deleted it in the meantime."""
    from airflow.models.dagbag import DBDagBag

    dag = DBDagBag(load_op_links=False).get_dag(version.id, session=session)
    return None if dag is None else read_structure(dag)


def read_structure(dag: SerializedDAG) -> DagStructure:
    """The structure of a DAG."""
    marks = steps_of_dag(dag).marks
    groups: Mapping[str | None, Any] = dag.task_group.get_task_group_dict()
    inner = [group for _, group in sorted((id_, group) for id_, group in groups.items() if id_ is not None)]
    return DagStructure(
        tasks=[
            StructureTask(
                id=task.task_id,
                operator=task.task_type,
                group=None if task.task_group is None else task.task_group.group_id,
                is_mapped=task.is_mapped or next(task.iter_mapped_task_groups(), None) is not None,
                step=marks[task.task_id].name if task.task_id in marks else None,
            )
            for _, task in sorted(dag.task_dict.items())
        ],
        groups=[
            GraphGroup(
                id=group.group_id,
                label=group.label,
                parent=None if group.parent_group is None else group.parent_group.group_id,
                is_mapped=group.is_mapped,
            )
            for group in inner
        ],
        edges=[
            GraphEdge(task_id, below)
            for task_id, task in sorted(dag.task_dict.items())
            for below in sorted(task.downstream_task_ids)
        ],
    )
