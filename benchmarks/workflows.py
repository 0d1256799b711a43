"""Running workflows for measurements, with the Airflow rows that they need."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from tests.support.airflow_rows import AirflowRows

_DAG = "bench"


def running_tasks(url: str) -> Iterator[str]:
    """Yield ids of running task instances without end, each in its own run and started workflow.

    :param url: an SQLAlchemy URL of a migrated database.
    """
    engine: Engine = create_engine(url)
    rows = AirflowRows(engine)
    backend = DatabaseBackend(engine)
    while True:
        run_id = rows.add_run(_DAG)
        task_instance_id = rows.add_task(_DAG, run_id, "work")
        backend.start_workflow(StartWorkflow(task_instance_id, "bench", run_id, Payload.of({})))
        yield task_instance_id
