"""Tasks that a DAG has gained since a run of it was made.

Only where Airflow's ORM may be used: in the api-server and the command line, never in a worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow_wfstate.domain.messages.resume import NewTask
from airflow_wfstate.store.resume.selection import ResumeSelection

if TYPE_CHECKING:
    from airflow_wfstate.store.resume.step_changes import Rename
    from airflow_wfstate.store.runs.code import RunCodes


def new_tasks(codes: RunCodes, selection: ResumeSelection, renames: Sequence[Rename]) -> list[NewTask]:
    """Of each run that goes on, in order of the runs and of the task ids.

    One that goes on with the latest code runs them; one that keeps to its version does not.

    :param renames: steps that go on under a new name, perhaps in a new task.
    """
    former = {(rename.participant, rename.task_id): f"{rename.participant}.{rename.old}" for rename in renames}
    found: list[NewTask] = []
    for run in selection.touched:
        if run.dag_run is None:
            continue
        used = codes.dag_of(run.dag_run)
        newest = codes.latest_dag(run.dag_id)
        used_ids = set() if used is None else set(used.task_dict)
        newest_ids = set() if newest is None else set(newest.task_dict)
        made = {task.task_id for task in selection.tasks_of(run).tasks}
        found += [
            NewTask(run.dag_id, run.run_id, task_id, task_id in used_ids, former.get((run.dag_id, task_id)))
            for task_id in sorted((used_ids | newest_ids) - made)
        ]
    return found
