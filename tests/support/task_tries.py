"""The tries of the tasks of some runs, as Airflow would create them: one task per step name and run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from tests.support.airflow_rows import AirflowRows

RELAY = "compensate"
OVER = ("success", "failed", "skipped")
_LONG_AGO = timedelta(minutes=5)
"""Longer than any process keeps running after its task is over."""

Place = tuple[str, str]
"""A run id and a task id."""


@dataclass
class TaskTries:
    """Tasks of runs of one DAG.

    :ivar clears: how often a succeeded try was cleared, by task id.
    """

    rows: AirflowRows
    dag_id: str = "intake"
    now: dict[Place, str] = field(default_factory=dict)
    clears: dict[str, int] = field(default_factory=dict)
    runs_over: dict[str, str] = field(default_factory=dict)

    def running(self, place: Place) -> str | None:
        """The running try, a first one if there was none; None if it or its run is over."""
        if place not in self.now:
            if place[0] in self.runs_over:
                return None
            self.now[place] = self.rows.add_task(self.dag_id, *place)
        task = self.now[place]
        return task if self.rows.task_state(task) == "running" else None

    def ended(self, place: Place) -> str | None:
        """The state of a task that is over; None if it is not over, or does not exist."""
        task = self.now.get(place)
        state = None if task is None else self.rows.task_state(task)
        return state if state in OVER else None

    def end(self, task: str, state: str) -> None:
        """End a try."""
        self.rows.set_task_state(task, state, ended_ago=_LONG_AGO)

    def retry(self, place: Place) -> None:
        """End the try of a task as if it had died, and run the next one."""
        self.now[place] = self.rows.next_try(self.now[place], state="failed")

    def clear(self, place: Place, state: str) -> None:
        """Clear a task that is over: its run continues, and the next try runs."""
        if state == "success":
            self.clears[place[1]] = self.clears.get(place[1], 0) + 1
        self.now[place] = self.rows.next_try(self.now[place], state=state)
        self.rows.count_clear(self.dag_id, place[0])
        self.runs_over.pop(place[0], None)

    def all_over(self, run_id: str) -> bool:
        """Whether every task of the run is over."""
        tasks = [task for (run, _), task in self.now.items() if run == run_id]
        return bool(tasks) and all(self.rows.task_state(task) in OVER for task in tasks)

    def end_run(self, run_id: str, state: str) -> None:
        """End a run."""
        self.rows.set_run_state(self.dag_id, run_id, state)
        self.runs_over[run_id] = state

    def mark_run(self, run_id: str, state: str) -> None:
        """Mark a run by hand."""
        self.rows.mark_run(self.dag_id, run_id, state)
        self.runs_over[run_id] = state
