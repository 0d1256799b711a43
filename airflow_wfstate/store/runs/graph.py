"""A run's tasks, and how its DAG connects them, read through Airflow's own models.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.rules.run_tasks import RunTask, RunTasks
from airflow_wfstate.store.database.airflow_tables import task_instance

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.serialization.definitions.dag import SerializedDAG

_SKIP_DECISION: Final = "skipmixin_key"
"""The XCom in which a branch or short circuit records what it skipped (airflow.ti_deps: NotPreviouslySkippedDep)."""

_COMPLETES: Final = "CompleteWorkflowOperator"


def read_run_tasks(
    session: Session, dag: SerializedDAG, run: DagRun, relay_task_id: str | None, skipped_steps: set[str]
) -> RunTasks:
    """The tasks of a run.

    :param dag: in the version that the run uses.
    :param skipped_steps: ids of the task instances whose steps decided to skip themselves.
    """
    tasks = dag.task_dict
    skipped_by_branch = _skipped_by_branches(session, dag, run)
    # Through the connection, row by row: a session keeps all rows at once (see steps_of in store/steps/row.py).
    rows = session.connection().execute(
        select(
            task_instance.c.id,
            task_instance.c.task_id,
            task_instance.c.map_index,
            task_instance.c.state,
            task_instance.c.operator,
            task_instance.c.start_date,
            task_instance.c.end_date,
        )
        .where(task_instance.c.dag_id == run.dag_id, task_instance.c.run_id == run.run_id)
        .order_by(task_instance.c.task_id, task_instance.c.map_index)
    )
    return RunTasks(
        tasks=[
            RunTask(
                id=row.id,
                task_id=row.task_id,
                map_index=row.map_index,
                state=_state(row.task_id, row.state, tasks),
                decided_to_skip=row.id in skipped_steps or _ran(row.start_date, row.end_date),
                skipped_by_branch=row.task_id in skipped_by_branch,
                completes=row.operator == _COMPLETES,
            )
            for row in rows
        ],
        downstream={task_id: frozenset(task.downstream_task_ids) for task_id, task in tasks.items()},
        teardowns=frozenset(task_id for task_id, task in tasks.items() if task.is_teardown),
        setups=_setups(dag),
        relay_task_id=relay_task_id,
    )


def _state(task_id: str, state: str | None, tasks: Mapping[str, object]) -> str | None:
    """Airflow's state of the task; ``removed`` also if the DAG has lost the task, as the scheduler will remove it."""
    if task_id not in tasks and state != "success":
        return "removed"
    return state


def _setups(dag: SerializedDAG) -> dict[str, frozenset[str]]:
    """For each task, the setups it needs and their teardowns, which Airflow's own clear includes."""
    if not any(task.is_setup for task in dag.tasks):
        return {}
    return {
        task.task_id: frozenset(other.task_id for other in task.get_upstreams_only_setups_and_teardowns())
        for task in dag.tasks
    }


def _ran(start_date: object, end_date: object) -> bool:
    """Whether a finished task instance had a process: without one, Airflow sets the same start and end."""
    return start_date is not None and end_date is not None and start_date != end_date


def _skipped_by_branches(session: Session, dag: SerializedDAG, run: DagRun) -> set[str]:
    """The ids of the tasks that branches and short circuits of the run decided to skip."""
    from airflow.models.xcom import XComModel

    skipped: set[str] = set()
    rows = session.scalars(
        select(XComModel).where(
            XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id, XComModel.key == _SKIP_DECISION
        )
    )
    for row in rows:
        decision: Any = XComModel.deserialize_value(row)
        if not isinstance(decision, Mapping) or row.task_id not in dag.task_dict:
            continue
        skipped.update(decision.get("skipped", ()))
        if "followed" in decision:
            skipped.update(dag.task_dict[row.task_id].downstream_task_ids - set(decision["followed"]))
    return skipped
