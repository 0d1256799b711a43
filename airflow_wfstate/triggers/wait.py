"""WaitTrigger: fires when a wait has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_wfstate.triggers.wait_poller import poller_of


class WaitTrigger(BaseTrigger):
    """Fires when a registered wait has ended in any way. Its task then asks the store how.

    It keeps only the wait's id, so that another triggerer can take over if one dies.

    :param wait_id: the id from the registration's answer.
    :param wfstate_conn_id: the Airflow connection to the store; it does not have to exist.
    """

    def __init__(self, wait_id: str, wfstate_conn_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's has no annotations
        self.wait_id = wait_id
        self.wfstate_conn_id = wfstate_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The path of the class, and the arguments that recreate the trigger."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {
            "wait_id": self.wait_id,
            "wfstate_conn_id": self.wfstate_conn_id,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait together with the other waits of this process, and fire once."""
        task_instance = self.task_instance  # None if dag.test() runs the trigger in place
        task_instance_id = None if task_instance is None else str(task_instance.id)
        await poller_of(self.wfstate_conn_id).ended(self.wait_id, task_instance_id)
        yield TriggerEvent({"wait_id": self.wait_id})  # type: ignore[no-untyped-call]  # as above
