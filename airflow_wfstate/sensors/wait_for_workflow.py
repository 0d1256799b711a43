"""WaitForWorkflowSensor: the wait for a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow_wfstate.domain.messages.wait import RegisteredWait, WaitTarget
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.sensors.wait import WaitSensor, check_states


class WaitForWorkflowSensor(WaitSensor):
    """Wait until a workflow is in one of some states.

    Which one is meant is settled when the wait is registered: the newest generation of the key. Where there is none
    yet, it is the first that starts. Every retry means the same one. The task fails at once, and is not retried, when
    the workflow can no longer reach any of the states unless somebody reopens it: one that is being undone will not
    succeed.

    The task is no step, and its run need not belong to a workflow. Returns (as its XCom) ``workflow_id``, ``name``,
    ``key``, ``generation``, ``correlation_id`` and ``state``.

    :param name: of the workflow. (templated)
    :param key: of the workflow; like the name it is rendered as text. (templated)
    :param states: that end the wait: some of ``running``, ``succeeded``, ``failed``, ``compensating``, ``compensated``,
        ``compensation_failed`` and ``cancelled``. A state that passes between two looks may be missed.
    :param kwargs: the arguments of :class:`~airflow_wfstate.sensors.wait.WaitSensor`.
    :raises InvalidDag: a state is unknown, or there is none.
    """

    template_fields: Sequence[str] = ("name", "key")
    identity_fields: ClassVar[Mapping[str, str]] = {"name": "workflow name", "key": "workflow key"}

    def __init__(self, *, name: str, key: str, states: Sequence[str] = ("succeeded",), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.key = key
        self.states = check_states(WorkflowState, states, self.task_id)

    def target(self) -> WaitTarget:
        """See ``WaitSensor.target``."""
        return WaitTarget(WaitKind.WORKFLOW, self.name, self.key, self.states)

    def arrived(self, wait: RegisteredWait) -> dict[str, Any]:
        """See ``WaitSensor.arrived``."""
        workflow = wait.workflow
        if workflow is None:  # an ended wait has one
            return {"state": wait.state}
        return {
            "workflow_id": workflow.id,
            "name": workflow.name,
            "key": workflow.key,
            "generation": workflow.generation,
            "correlation_id": workflow.correlation_id,
            "state": wait.state,
        }
