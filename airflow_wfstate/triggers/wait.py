"""The trigger of a wait: it fires when the wait has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_wfstate.triggers.wait_poller import poller_of


class WaitTrigger(BaseTrigger):
    """Fires when a registered wait has ended, however it did: its task then asks the store how.

    It keeps nothing but the wait's id, so that any triggerer can go on with it after another has died.

    :param wait_id: as the registration answered.
    :param wfstate_conn_id: the Airflow connection that names the way to the store; it need not be defined.
    """

    def __init__(self, wait_id: str, wfstate_conn_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's has no annotations
        self.wait_id = wait_id
        self.wfstate_conn_id = wfstate_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and the arguments that make an equal one."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {
            "wait_id": self.wait_id,
            "wfstate_conn_id": self.wfstate_conn_id,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait beside the other waits of this process, and fire once."""
        task_instance = self.task_instance  # none where dag.test() runs a trigger in place
        task_instance_id = None if task_instance is None else str(task_instance.id)
        await poller_of(self.wfstate_conn_id).ended(self.wait_id, task_instance_id)
        yield TriggerEvent({"wait_id": self.wait_id})  # type: ignore[no-untyped-call]  # as above
