"""WaitForStepSensor: waits for a step of a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow_wfstate.domain.messages.wait import RegisteredWait, WaitTarget
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.sensors.wait import WaitSensor, check_states


class WaitForStepSensor(WaitSensor):
    """Wait until a step of a workflow is in one of the given states.

    The workflow is chosen as in :class:`~airflow_wfstate.sensors.wait_for_workflow.WaitForWorkflowSensor`, and may be
    that of the task's own run. If the participant takes part at several places, a step at any of them ends the wait.
    The task fails at once, without retries, if the step can no longer reach any of the states because it was skipped or
    compensated, or because its workflow ended without it.

    The return value (its XCom) has ``workflow_id``, ``step`` and ``state``.

    :param name: name of the workflow. (templated)
    :param key: key of the workflow. (templated)
    :param participant: the participant of the step: a DAG or an outside service. (templated)
    :param step: name of the step. (templated)
    :param item_key: item key of a mapped step; None for a step that is not mapped. Like the names, it is rendered as
        text. (templated)
    :param states: the states that end the wait: some of ``running``, ``waiting``, ``succeeded``, ``failed``,
        ``skipped``, ``lost`` and ``compensated``. A state that lasts for less than the time between two polls may be
        missed.
    :param kwargs: the arguments of :class:`~airflow_wfstate.sensors.wait.WaitSensor`.
    :raises InvalidDag: a state is unknown, or no state is given.
    """

    template_fields: Sequence[str] = ("name", "key", "participant", "step", "item_key")
    identity_fields: ClassVar[Mapping[str, str]] = {
        "name": "workflow name",
        "key": "workflow key",
        "participant": "participant",
        "step": "step name",
        "item_key": "item key",
    }

    def __init__(
        self,
        *,
        name: str,
        key: str,
        participant: str,
        step: str,
        item_key: str | None = None,
        states: Sequence[str] = ("succeeded",),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.key = key
        self.participant = participant
        self.step = step
        self.item_key = item_key
        self.states = check_states(StepState, states, self.task_id)

    def target(self) -> WaitTarget:
        """See ``WaitSensor.target``."""
        return WaitTarget(
            WaitKind.STEP, self.name, self.key, self.states, self.participant, self.step, self.item_key or ""
        )

    def arrived(self, wait: RegisteredWait) -> dict[str, Any]:
        """See ``WaitSensor.arrived``."""
        return {
            "workflow_id": None if wait.workflow is None else wait.workflow.id,
            "step": StepName(self.participant, self.step, self.item_key or "").label,
            "state": wait.state,
        }
