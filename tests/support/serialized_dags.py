"""DAGs in Airflow's own tables, as the dag-processor would have written them."""

from __future__ import annotations

from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.sdk import DAG
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

_BUNDLE = "wfstate-tests"


def deploy(engine: Engine, dag: DAG) -> None:
    """Write a DAG, or its newest version, unpaused."""
    with Session(engine) as session:
        if session.get(DagBundleModel, _BUNDLE) is None:
            session.add(DagBundleModel(name=_BUNDLE))
            session.commit()
        # A DAG of a test is in no bundle, but Airflow wants a place, and a file to keep the code of.
        dag.fileloc, dag.relative_fileloc = __file__, f"{dag.dag_id}.py"
        lazy = LazyDeserializedDAG.from_dag(dag)
        SerializedDAG.bulk_write_to_db(_BUNDLE, None, [lazy], session=session)
        session.flush()
        SerializedDagModel.write_dag(lazy, bundle_name=_BUNDLE, session=session)
        session.execute(update(DagModel).where(DagModel.dag_id == dag.dag_id).values(is_paused=False, is_stale=False))
        session.commit()


def set_paused(engine: Engine, dag_id: str, *, paused: bool = True) -> None:
    """Pause a DAG, or unpause it."""
    with engine.begin() as connection:
        table = DagModel.__table__
        connection.execute(update(table).where(table.c.dag_id == dag_id).values(is_paused=paused))


def forget(engine: Engine, dag_id: str) -> None:
    """What the dag-processor does when the file of a DAG is gone."""
    with engine.begin() as connection:
        table = DagModel.__table__
        connection.execute(update(table).where(table.c.dag_id == dag_id).values(is_stale=True))
