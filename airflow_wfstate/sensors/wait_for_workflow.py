"""WaitForWorkflowSensor: waits for a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow_wfstate.domain.messages.wait import RegisteredWait, WaitTarget
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.sensors.wait import WaitSensor, check_states


class WaitForWorkflowSensor(WaitSensor):
    """Wait until a workflow is in one of the given states.

    The workflow is chosen when the wait is registered: it is the newest generation of the key, or, if there is none
    yet, the first one that starts. Every retry waits for the same workflow. The task fails at once, without retries, if
    the workflow can no longer reach any of the states unless someone reopens it. For example, a workflow that is being
    compensated cannot succeed.

    The task is not a step, and its run does not have to belong to a workflow. The return value (its XCom) has
    ``workflow_id``, ``name``, ``key``, ``generation``, ``correlation_id`` and ``state``.

    :param name: name of the workflow. (templated)
    :param key: key of the workflow, rendered as text like the name. (templated)
    :param states: the states that end the wait: some of ``running``, ``succeeded``, ``failed``, ``compensating``,
        ``compensated``, ``compensation_failed`` and ``cancelled``. A state that lasts for less than the time between
        two polls may be missed.
    :param kwargs: the arguments of :class:`~airflow_wfstate.sensors.wait.WaitSensor`.
    :raises InvalidDag: a state is unknown, or no state is given.
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
        if workflow is None:  # a wait that has ended has one
            return {"state": wait.state}
        return {
            "workflow_id": workflow.id,
            "name": workflow.name,
            "key": workflow.key,
            "generation": workflow.generation,
            "correlation_id": workflow.correlation_id,
            "state": wait.state,
        }
