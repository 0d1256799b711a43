"""The wait for a child run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TriggerEvent

_ENDED: Final = ("success", "failed")


class ChildRunTrigger(BaseTrigger):
    """Waits until a DAG run has ended, or is gone: Airflow's own ``DagStateTrigger`` would wait for that one forever.

    Its event is a dict of ``run_id`` and ``state``: ``success``, ``failed``, or None when the run was deleted.

    :param poll_seconds: how often to look; above zero.
    """

    def __init__(self, dag_id: str, run_id: str, poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's has no annotations
        self.dag_id = dag_id
        self.run_id = run_id
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and the arguments that make an equal one."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "poll_seconds": self.poll_seconds,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, until there is something to tell."""
        while True:
            for state in _ENDED:
                if await self._exists(state):
                    yield _event(self.run_id, state)
                    return
            if not await self._exists(None):
                yield _event(self.run_id, None)
                return
            await asyncio.sleep(self.poll_seconds)

    async def _exists(self, state: str | None) -> bool:
        """Whether there is the run, in this state unless None."""
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
        from asgiref.sync import sync_to_async

        states = None if state is None else [state]
        count = await sync_to_async(RuntimeTaskInstance.get_dr_count)(
            dag_id=self.dag_id, run_ids=[self.run_id], states=states
        )
        return bool(count)


def _event(run_id: str, state: str | None) -> TriggerEvent:
    return TriggerEvent({"run_id": run_id, "state": state})  # type: ignore[no-untyped-call]  # as above
