"""Tasks that a DAG has gained since a run of it was made.

Only where Airflow's ORM may be used: in the api-server and the command line, never in a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from airflow_wfstate.domain.resume import NewTask
from airflow_wfstate.store.resume_selection import ResumeSelection
from airflow_wfstate.store.run_graph import dag_of_run

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag


def new_tasks(session: Session, dag_bag: DBDagBag, selection: ResumeSelection) -> list[NewTask]:
    """Of each run that goes on, in order of the runs and of the task ids.

    A run of a bundle without versions takes them up when the scheduler comes to it; one of a versioned bundle keeps
    to the version that it began with.
    """
    found: list[NewTask] = []
    for run in selection.touched:
        if run.dag_run is None:
            continue
        own = dag_of_run(session, dag_bag, run.dag_run)
        newest = dag_bag.get_latest_version_of_dag(run.dag_id, session=session)
        own_ids = set() if own is None else set(own.task_dict)
        newest_ids = set() if newest is None else set(newest.task_dict)
        made = {task.task_id for task in selection.tasks_of(run).tasks}
        found += [
            NewTask(run.dag_id, run.run_id, task_id, runs=task_id in own_ids)
            for task_id in sorted((own_ids | newest_ids) - made)
        ]
    return found
