"""The relay's place in its DAG: below the leaves, above the DAG's own teardowns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from airflow_wfstate.exceptions import InvalidDag

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    Task: TypeAlias = BaseOperator | MappedOperator


def wire_relay(relay: BaseOperator, dag: DAG) -> None:
    """Put the relay below the DAG's leaves and above its last teardowns. Safe to repeat.

    :raises InvalidDag: a task is downstream of the relay, or a branch is a leaf.
    """
    tasks = _others(relay, dag)
    by_id = {task.task_id: task for task in tasks}
    below = [task_id for task_id in sorted(relay.downstream_task_ids) if not by_id[task_id].is_teardown]
    if below:
        raise InvalidDag(
            f"DAG {dag.dag_id}: task {below[0]} is downstream of the relay {relay.task_id}.",
            "The relay runs after the DAG's leaves. Put the task upstream of it, or remove the dependency.",
        )
    for leaf in leaves(relay, dag):
        if is_branch(leaf):
            raise InvalidDag(
                f"DAG {dag.dag_id}: the branch {leaf.task_id} is a leaf and would skip the relay {relay.task_id}.",
                "Add a task downstream of the branch, for instance an EmptyOperator.",
            )
        if not leaf.is_setup and leaf.task_id not in relay.upstream_task_ids:
            relay.set_upstream(leaf)
    for task in tasks:
        if task.is_teardown and task.task_id not in relay.downstream_task_ids and not _has_work_below(task, by_id):
            relay.set_downstream(task)


def leaves(relay: BaseOperator, dag: DAG) -> list[Task]:
    """The tasks that determine the state of a run: those that are not teardowns and have only teardowns downstream."""
    tasks = _others(relay, dag)
    by_id = {task.task_id: task for task in tasks}
    return [task for task in tasks if not task.is_teardown and not _has_work_below(task, by_id)]


def _others(relay: BaseOperator, dag: DAG) -> list[Task]:
    return [task for task in dag.tasks if task.task_id != relay.task_id]


def _has_work_below(task: Task, by_id: dict[str, Task]) -> bool:
    """Whether a task that is not a teardown is downstream, directly or indirectly, even behind a teardown."""
    pending = list(task.downstream_task_ids)
    seen: set[str] = set()
    while pending:
        task_id = pending.pop()
        if task_id in seen or task_id not in by_id:  # not in the dict: the relay itself
            continue
        seen.add(task_id)
        if not by_id[task_id].is_teardown:
            return True
        pending.extend(by_id[task_id].downstream_task_ids)
    return False


def is_branch(task: Task) -> bool:
    """Whether the task decides which of its direct downstream tasks run."""
    # Two base classes: for operators of the standard provider, and for those written against the task SDK.
    from airflow.providers.standard.operators import branch as standard
    from airflow.sdk.bases import branch as sdk

    return issubclass(task.operator_class, (standard.BranchMixIn, sdk.BranchMixIn))


def task_ids(tasks: Iterable[Task]) -> list[str]:
    """The tasks' ids, sorted."""
    return sorted(task.task_id for task in tasks)
