"""A task that waits for a workflow, and the state of its wait."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import update

from airflow_wfstate.domain.messages.wait import LookAtWaits, RegisteredWait, RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.store.database import wait_tables
from tests.support.world import World

WATCHER = "watcher"
"""The DAG of the task that waits; it takes part in no workflow."""


@dataclass
class Watch:
    """A task that waits.

    :param target: the target of its wait.
    :param timeout: in seconds; None for no timeout.
    :param task: the id of its current try.
    """

    world: World
    target: WaitTarget
    timeout: float | None = None
    task: str = ""
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.task = self.task or self.world.rows.running_task(WATCHER, "watch")

    def register(self) -> RegisteredWait:
        """Register the wait, or continue it."""
        wait = self.world.backend.register_wait(RegisterWait(self.task, self.target, self.timeout))
        self.ids.append(wait.wait_id)
        return wait

    def has_ended(self) -> bool:
        """Whether a triggerer would be told that the wait has ended."""
        return self.ids[-1] in self.world.backend.look_at_waits(LookAtWaits([self.ids[-1]])).wait_ids

    def retry(self, *, state: str = "failed") -> RegisteredWait:
        """Have the next try continue. ``state`` is how the previous one ended: ``success`` if it was cleared."""
        self.task = self.world.rows.next_try(self.task, state=state)
        return self.register()

    def run_out_of_time(self) -> None:
        """Let the wait time out, by moving its beginning and its end into the past."""
        wait = wait_tables.wait
        with self.world.rows.engine.begin() as connection:
            row = connection.execute(wait.select().where(wait.c.id == self.ids[-1])).one()
            earlier = row.registered_at - row.deadline_at
            connection.execute(
                update(wait)
                .where(wait.c.id == self.ids[-1])
                .values(registered_at=row.registered_at + earlier, deadline_at=row.deadline_at + earlier)
            )


def for_workflow(key: str, *states: str) -> WaitTarget:
    """A wait for an order: for its success, unless states are given."""
    return WaitTarget(WaitKind.WORKFLOW, "order", key, list(states) or ["succeeded"])


def for_step(key: str, step: str, *states: str, item_key: str = "") -> WaitTarget:
    """A wait for a step of the DAG ``intake`` in an order: for its success, unless states are given."""
    return WaitTarget(WaitKind.STEP, "order", key, list(states) or ["succeeded"], "intake", step, item_key)
