"""DAGs in Airflow's own tables, as the dag-processor would write them."""

from __future__ import annotations

from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

_BUNDLE = "wfstate-tests"


def deploy(engine: Engine, dag: DAG, *, bundle_version: str | None = None) -> None:
    """Write a DAG, or its newest version, unpaused.

    :param bundle_version: the current version of its bundle (for Git, the commit); None for a bundle without versions.
    """
    with Session(engine) as session:
        if session.get(DagBundleModel, _BUNDLE) is None:
            session.add(DagBundleModel(name=_BUNDLE))
            session.commit()
        # A DAG of a test is in no bundle, but Airflow needs a location, and a file whose code it can store.
        dag.fileloc, dag.relative_fileloc = __file__, f"{dag.dag_id}.py"
        lazy = LazyDeserializedDAG.from_dag(dag)
        SerializedDAG.bulk_write_to_db(_BUNDLE, bundle_version, [lazy], session=session)
        session.flush()
        SerializedDagModel.write_dag(lazy, bundle_name=_BUNDLE, bundle_version=bundle_version, session=session)
        session.execute(update(DagModel).where(DagModel.dag_id == dag.dag_id).values(is_paused=False, is_stale=False))
        session.commit()


def pin(engine: Engine, dag_id: str, run_id: str) -> None:
    """Set a run and its tasks to the newest version of its DAG, as Airflow does when it creates a run."""
    with Session(engine) as session:
        version = DagVersion.get_latest_version(dag_id, session=session)
        assert version is not None
        # Not the bundle version of the DAG's version: Airflow 3.2 leaves that as it is while the DAG stays the same.
        bundle_version = session.scalars(select(DagModel.bundle_version).filter_by(dag_id=dag_id)).one()
        of_run = {"dag_id": dag_id, "run_id": run_id}
        session.execute(
            update(DagRun).filter_by(**of_run).values(created_dag_version_id=version.id, bundle_version=bundle_version)
        )
        session.execute(update(TaskInstance).filter_by(**of_run).values(dag_version_id=version.id))
        session.commit()


def bundle_version_of(engine: Engine, dag_id: str, run_id: str) -> str | None:
    """The current bundle version of a run."""
    with Session(engine) as session:
        return session.scalars(select(DagRun.bundle_version).filter_by(dag_id=dag_id, run_id=run_id)).one()


def set_paused(engine: Engine, dag_id: str, *, paused: bool = True) -> None:
    """Pause a DAG, or unpause it."""
    with engine.begin() as connection:
        table = DagModel.__table__
        connection.execute(update(table).where(table.c.dag_id == dag_id).values(is_paused=paused))


def forget(engine: Engine, dag_id: str) -> None:
    """Do what the dag-processor does when the file of a DAG is gone."""
    with engine.begin() as connection:
        table = DagModel.__table__
        connection.execute(update(table).where(table.c.dag_id == dag_id).values(is_stale=True))
