"""The rules for which tasks of a run must run again, without Airflow.

Nothing here reads a database. ``store/runs/graph.py`` creates a :class:`RunTasks` for a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

_FAILED: Final = ("failed", "upstream_failed")
_OVER: Final = ("success", "skipped", *_FAILED)
"""The ended states in which a task can be cleared; ``removed`` is not one of them."""


@dataclass(frozen=True, slots=True)  # a run may have ten thousand of them
class RunTask:
    """A task instance of a run.

    :param state: its state in Airflow; None if it has not been scheduled.
    :param decided_to_skip: whether it is ``skipped`` by its own decision, reported by its step or its process.
    :param skipped_by_branch: whether it is ``skipped`` because of an upstream branch or short circuit.
    :param completes: whether it completes the workflow.
    """

    id: str
    task_id: str
    map_index: int
    state: str | None
    decided_to_skip: bool = False
    skipped_by_branch: bool = False
    completes: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and can be cleared."""
        return self.state in _OVER

    @property
    def is_at_work(self) -> bool:
        """Whether it has been scheduled and has not ended."""
        return self.state is not None and self.state != "removed" and not self.is_over


@dataclass(frozen=True)
class RunTasks:
    """The tasks of a run, and their dependencies.

    :param downstream: the ids of the direct downstream tasks, by task id.
    :param teardowns: the ids of the DAG's teardowns.
    :param setups: the setups that each task needs, and their teardowns, by task id.
    :param relay_task_id: task id of the DAG's CompensateWorkflowOperator; None if it has none.
    """

    tasks: list[RunTask]
    downstream: Mapping[str, frozenset[str]] = field(default_factory=dict)
    teardowns: frozenset[str] = frozenset()
    setups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    relay_task_id: str | None = None

    @cached_property
    def _by_place(self) -> dict[tuple[str, int], RunTask]:
        return {(task.task_id, task.map_index): task for task in self.tasks}

    def find(self, task_id: str, map_index: int) -> RunTask | None:
        """The task instance with a task id and map index; None if the run has none."""
        return self._by_place.get((task_id, map_index))

    @property
    def relays(self) -> list[RunTask]:
        """The relay's task instance, if Airflow has scheduled it before; otherwise empty."""
        return [
            task
            for task in self.tasks
            if task.task_id == self.relay_task_id and task.state is not None and task.state != "removed"
        ]

    def below(self, task_id: str) -> set[str]:
        """The ids of all tasks downstream, directly or indirectly."""
        found: set[str] = set()
        pending = list(self.downstream.get(task_id, ()))
        while pending:
            next_id = pending.pop()
            if next_id not in found:
                found.add(next_id)
                pending.extend(self.downstream.get(next_id, ()))
        return found

    def unfinished(self) -> dict[str, str]:
        """The ids of the task instances that a resume clears, each with the reason.

        These are tasks that failed or were not reached, tasks that were skipped because the run ended, and downstream
        tasks of these that have not succeeded. Tasks that succeeded stay, except for setups and teardowns of tasks that
        run again.
        """
        chosen: dict[str, str] = {}
        skipped = {task.task_id for task in self.tasks if task.state == "skipped"}
        below_skipped = {below for task_id in skipped for below in self.downstream.get(task_id, ())}
        for task in self._ordinary():
            if task.state in _FAILED:
                chosen[task.id] = "failed" if task.state == "failed" else "an upstream task failed"
            elif _was_skipped_by_end_of_run(task, below_skipped):
                chosen[task.id] = "was skipped when its run ended"
        below = self._below_of([task.task_id for task in self._ordinary() if task.id in chosen])
        for task in self._ordinary():
            is_teardown = task.task_id in self.teardowns and task.is_over
            is_unreached = task.state == "skipped" and not task.decided_to_skip
            if task.task_id in below and (is_teardown or is_unreached):
                chosen.setdefault(task.id, f"below {below[task.task_id]}")
        return self._with_setups(chosen)

    def from_tasks(self, task_ids: Iterable[str], why: str) -> dict[str, str]:
        """What a restart clears: these tasks and all ended tasks downstream of them, each with the reason."""
        roots = set(task_ids)
        below = self._below_of(sorted(roots))
        chosen: dict[str, str] = {}
        for task in self._ordinary():
            if not task.is_over:
                continue
            if task.task_id in roots:
                chosen[task.id] = why
            elif task.task_id in below:
                chosen[task.id] = f"below {below[task.task_id]}"
        return self._with_setups(chosen)

    def at_work_from(self, task_ids: Iterable[str]) -> list[RunTask]:
        """Those of these tasks, and of all tasks downstream except the relay, that are running."""
        ids = set(task_ids)
        wanted = ids | self._below_of(sorted(ids)).keys()
        return [task for task in self._ordinary() if task.task_id in wanted and task.is_at_work]

    def _ordinary(self) -> list[RunTask]:
        return [task for task in self.tasks if task.task_id != self.relay_task_id]

    def _below_of(self, task_ids: Iterable[str]) -> dict[str, str]:
        """The first of these tasks that each downstream task id follows."""
        found: dict[str, str] = {}
        for root in dict.fromkeys(task_ids):  # each item of a mapped task names it
            for task_id in self.below(root):
                found.setdefault(task_id, root)
        return found

    def _with_setups(self, chosen: dict[str, str]) -> dict[str, str]:
        needed: dict[str, str] = {}
        for task in self.tasks:
            if task.id in chosen:
                for task_id in self.setups.get(task.task_id, ()):
                    needed.setdefault(task_id, task.task_id)
        for task in self._ordinary():
            if task.task_id in needed and task.is_over:
                chosen.setdefault(task.id, f"a setup or teardown of {needed[task.task_id]}")
        return chosen


def _was_skipped_by_end_of_run(task: RunTask, below_skipped: set[str]) -> bool:
    """Whether nothing else can have skipped it: not itself, a branch, or a skipped direct upstream task.

    :param below_skipped: ids of the direct downstream tasks of skipped ones.
    """
    if task.state != "skipped" or task.decided_to_skip or task.skipped_by_branch:
        return False
    return task.task_id not in below_skipped
