"""ChildRunTrigger: waits for a child run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TriggerEvent

_ENDED: Final = ("success", "failed")


class ChildRunTrigger(BaseTrigger):
    """Waits until a DAG run has ended or was deleted (which Airflow's ``DagStateTrigger`` would not notice).

    Its event is a dict with ``run_id`` and ``state``: ``success``, ``failed``, or None if the run was deleted.

    :param poll_seconds: the polling interval in seconds; greater than zero.
    """

    def __init__(self, dag_id: str, run_id: str, poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's has no annotations
        self.dag_id = dag_id
        self.run_id = run_id
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The path of the class, and the arguments that recreate the trigger."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "poll_seconds": self.poll_seconds,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the run has ended or is gone."""
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
        """Whether the run exists, in this state if one is given."""
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
        from asgiref.sync import sync_to_async

        states = None if state is None else [state]
        count = await sync_to_async(RuntimeTaskInstance.get_dr_count)(
            dag_id=self.dag_id, run_ids=[self.run_id], states=states
        )
        return bool(count)


def _event(run_id: str, state: str | None) -> TriggerEvent:
    return TriggerEvent({"run_id": run_id, "state": state})  # type: ignore[no-untyped-call]  # as above
