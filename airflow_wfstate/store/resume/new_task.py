"""Tasks added to a DAG since one of its runs was created.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
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
    """The new tasks of each resumed run, in order of the runs and of the task ids.

    A run that continues with the latest code executes them; a run that keeps its version does not.

    :param renames: steps that continue under a new name, possibly in a new task.
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
