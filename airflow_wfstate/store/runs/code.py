"""Which code the runs of a workflow use when their tasks are cleared, and how it differs from their current code.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.code import ChangedTask, Code, CodeVersion, RunCode, TaskChange

if TYPE_CHECKING:
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagbag import DBDagBag
    from airflow.models.dagrun import DagRun
    from airflow.serialization.definitions.dag import SerializedDAG


class RunCodes:
    """The code of each run, and its DAG in that version. Reads each DAG once.

    :param asked: what a person asked for; None to decide as Airflow itself does when a task is cleared: by the DAG's
        ``rerun_with_latest_version``, then by ``[core] rerun_with_latest_version``.
    """

    def __init__(self, session: Session, dag_bag: DBDagBag, asked: Code | None) -> None:
        self.asked = asked
        self._session = session
        self._dag_bag = dag_bag
        self._latest: dict[str, SerializedDAG | None] = {}
        self._decided: dict[str, Code] = {}

    def of(self, run: DagRun) -> Code:
        """The code that the run uses once one of its tasks is cleared."""
        if not is_versioned(run):
            return Code.LATEST
        return self.asked or self._as_airflow_decides(run.dag_id)

    def dag_of(self, run: DagRun) -> SerializedDAG | None:
        """The DAG in the version that the run will use; None when Airflow no longer knows the DAG."""
        return self.latest_dag(run.dag_id) if self.of(run) is Code.LATEST else self.own_dag(run)

    def own_dag(self, run: DagRun) -> SerializedDAG | None:
        """The DAG in the version that the scheduler currently uses for the run."""
        return self._dag_bag.get_dag_for_run(run, self._session) if is_versioned(run) else self.latest_dag(run.dag_id)

    def began_dag(self, run: DagRun) -> SerializedDAG | None:
        """The DAG in the version with which the run was created or last updated; None when that version is gone."""
        version = run.created_dag_version_id
        return None if version is None else self._dag_bag.get_dag(version, session=self._session)

    def latest_dag(self, dag_id: str) -> SerializedDAG | None:
        """The newest version of the DAG."""
        if dag_id not in self._latest:
            self._latest[dag_id] = self._dag_bag.get_latest_version_of_dag(dag_id, session=self._session)
        return self._latest[dag_id]

    def describe(self, run: DagRun) -> RunCode:
        """Both versions of the run's code, which one will be used, and which tasks differ."""
        from airflow.models.dag import DagModel
        from airflow.models.dag_version import DagVersion

        own = None
        if run.created_dag_version_id is not None:
            own = self._session.get(DagVersion, run.created_dag_version_id)
        latest = DagVersion.get_latest_version(run.dag_id, session=self._session)
        # This is what Airflow's clear gives a run: the bundle may have advanced since the DAG last changed.
        bundle_version = self._session.get(DagModel, run.dag_id, populate_existing=True)
        return RunCode(
            dag_id=run.dag_id,
            run_id=run.run_id,
            uses=self.of(run),
            is_versioned=is_versioned(run),
            own=CodeVersion(
                None if own is None else own.version_number,
                None if own is None else own.bundle_name,
                run.bundle_version,
            ),
            latest=None
            if latest is None
            else CodeVersion(
                latest.version_number,
                latest.bundle_name,
                (bundle_version and bundle_version.bundle_version) or latest.bundle_version,
            ),
            changed_tasks=_compare(_tasks_of(own), _tasks_of(latest)) if own and latest and own is not latest else [],
        )

    def _as_airflow_decides(self, dag_id: str) -> Code:
        if dag_id not in self._decided:
            is_latest = _resolve_run_on_latest_version(dag_id, self._session)
            self._decided[dag_id] = Code.LATEST if is_latest else Code.SAME
        return self._decided[dag_id]


def is_versioned(run: DagRun) -> bool:
    """Whether the run keeps a version of its code; without one, Airflow gives it the newest."""
    return bool(run.bundle_version and run.created_dag_version_id)


def move_to_latest(session: Session, dag_bag: DBDagBag, run: DagRun) -> None:
    """Give the run the newest version of its DAG and bundle, with task instances for the tasks it gains.

    Airflow's clear does this only for a finished run with a cleared task.
    """
    from airflow.models.dag import DagModel
    from airflow.models.dag_version import DagVersion

    version = DagVersion.get_latest_version(run.dag_id, session=session)
    dag = dag_bag.get_latest_version_of_dag(run.dag_id, session=session)
    model = session.get(DagModel, run.dag_id)
    if version is None or dag is None:
        return
    run.created_dag_version_id = version.id
    run.dag = dag
    if not dag.disable_bundle_versioning and model is not None and model.bundle_version is not None:
        run.bundle_version = model.bundle_version
    run.verify_integrity(session=session, dag_version_id=version.id)


def _resolve_run_on_latest_version(dag_id: str, session: Session) -> bool:
    """Airflow's own decision for a clear that does not name a version."""
    from airflow.api_fastapi.common import dagbag

    resolve = getattr(dagbag, "resolve_run_on_latest_version", None)  # missing in some releases of Airflow 3.2
    return bool(resolve(None, dag_id, session)) if resolve is not None else False


def _tasks_of(version: DagVersion) -> dict[str, Mapping[str, Any]]:
    """What Airflow keeps about each task of a version, by task id; empty when it no longer keeps anything."""
    serialized = version.serialized_dag
    data = None if serialized is None else serialized.data
    tasks = (data or {}).get("dag", {}).get("tasks", [])
    found = [task.get("__var", {}) for task in tasks]
    return {str(task.get("task_id")): task for task in found}


_NOT_OF_THE_TASK = frozenset({"downstream_task_ids", "_downstream_task_ids"})


def _compare(own: dict[str, Mapping[str, Any]], latest: dict[str, Mapping[str, Any]]) -> list[ChangedTask]:
    """Compare two versions. Ignores downstream tasks, which would report the neighbours of every change."""
    if not own:
        return []
    changed = []
    for task_id in sorted(own.keys() | latest.keys()):
        if task_id not in latest:
            changed.append(ChangedTask(task_id, TaskChange.REMOVED))
        elif task_id not in own:
            changed.append(ChangedTask(task_id, TaskChange.ADDED))
        elif _declared(own[task_id]) != _declared(latest[task_id]):
            changed.append(ChangedTask(task_id, TaskChange.CHANGED))
    return changed


def _declared(task: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in task.items() if name not in _NOT_OF_THE_TASK}
