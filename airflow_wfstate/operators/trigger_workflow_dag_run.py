"""TriggerWorkflowDagRunOperator: a run of another DAG as a step."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException

from airflow_wfstate import conf as options
from airflow_wfstate.operators.dag.complete import ChecksItsDag
from airflow_wfstate.operators.steps.attempt import Attempt
from airflow_wfstate.operators.steps.dag_run_trigger import dag_run_state, trigger_dag_run
from airflow_wfstate.operators.steps.declaration.option_keywords import StepKeywords
from airflow_wfstate.operators.steps.identity_text import TextIdentities
from airflow_wfstate.operators.steps.step_operator import StepOperator
from airflow_wfstate.operators.workflow_xcom import WORKFLOW_XCOM_KEY

_ENDED: Final = ("success", "failed")
_MAX_READABLE: Final = 100
"""Up to this many characters, a step's name appears unchanged in the run id."""


class TriggerWorkflowDagRunOperator(ChecksItsDag, StepOperator, TextIdentities):
    """Trigger a run of another DAG that joins the workflow, and wait for it to end.

    It is a step like any other. The run is triggered once, even if the process dies between the trigger and the answer,
    because the run's id is derived from workflow, step and round. The run is linked to the workflow before it exists. A
    restart from a step inside the run also includes this step; its next round waits for the same run. The output has
    ``dag_id``, ``run_id`` and ``state``.

    :param trigger_dag_id: id of the DAG to run, rendered as text. (templated)
    :param conf: conf of the triggered run; None for this run's conf and params. The workflow's id and correlation id
        are added under the key ``wfstate``. (templated)
    :param wait_for_completion: True to defer until the run has ended, and fail if it failed. False to finish the step
        as soon as the run is triggered.
    :param kwargs: ``step_name``, ``item_key``, ``was``, ``on_clear`` and ``wfstate_conn_id``, as for every step
        (:class:`~airflow_wfstate.operators.steps.declaration.options.StepOptions`), and the arguments of the task.
    """

    template_fields: Sequence[str] = ("trigger_dag_id", "conf")
    identity_fields: ClassVar[Mapping[str, str]] = {"trigger_dag_id": "id of the DAG to trigger"}
    template_fields_renderers: ClassVar[dict[str, str]] = {"conf": "py"}
    ui_color = "#dcefe0"
    # The steps of the triggered run declare their own compensations and redaction.
    step_keywords: ClassVar[StepKeywords] = StepKeywords(
        name="step_name",
        without=("compensate", "compensate_when", "compensate_attempts", "pivot", "irreversible", "redact"),
    )

    @step_keywords.shown
    def __init__(
        self,
        *,
        trigger_dag_id: str,
        conf: Mapping[str, Any] | None = None,
        wait_for_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        step_options = self.step_keywords.take(kwargs)
        super().__init__(**kwargs)
        self.trigger_dag_id = trigger_dag_id
        self.conf = conf
        self.wait_for_completion = wait_for_completion
        self.step_options = step_options

    def run_ended(self, context: Context, event: Mapping[str, Any]) -> dict[str, str]:
        """The output of the step, from the event of :class:`~airflow_wfstate.triggers.child_run.ChildRunTrigger`."""
        if event["state"] is None:
            raise AirflowException(
                f"Run {event['run_id']} of DAG {self.trigger_dag_id} was deleted while this task waited for it. "
                "The next try triggers it again; its finished steps are not executed again."
            )
        return self._output(str(event["run_id"]), str(event["state"]))

    def do_step(self, attempt: Attempt, context: Context) -> dict[str, str]:
        """Link and trigger the run, and wait for it."""
        wanted = child_run_id(attempt, self.step_options.name or self.task_id, context["ti"].map_index)
        run_id = attempt.link_child_run(self.trigger_dag_id, wanted)
        created = trigger_dag_run(self.trigger_dag_id, run_id, self._child_conf(attempt, context))
        self.log.info(
            "Run %s of DAG %s %s.", run_id, self.trigger_dag_id, "was triggered" if created else "exists already"
        )
        context["ti"].xcom_push(key="trigger_run_id", value=run_id)
        state = "queued" if created else dag_run_state(self.trigger_dag_id, run_id)
        if self.wait_for_completion and state not in _ENDED:
            self._wait(run_id)
        return self._output(run_id, state)

    def _wait(self, run_id: str) -> None:
        # Imported only when needed, so that DAG files parse faster.
        from airflow_wfstate.triggers.child_run import ChildRunTrigger

        self.defer(
            trigger=ChildRunTrigger(self.trigger_dag_id, run_id, options.child_poll().total_seconds()),
            method_name=self.run_ended.__name__,
        )

    def _output(self, run_id: str, state: str) -> dict[str, str]:
        if state == "failed":
            raise AirflowException(
                f"Run {run_id} of DAG {self.trigger_dag_id} failed. See the logs of its tasks. When the cause is "
                "fixed, airflow wfstate resume resumes both runs."
            )
        return {"dag_id": self.trigger_dag_id, "run_id": run_id, "state": state}

    def _child_conf(self, attempt: Attempt, context: Context) -> dict[str, Any]:
        inherited = {**(context["dag_run"].conf or {}), **context["params"]}
        conf = inherited if self.conf is None else self.conf
        workflow = attempt.begun.workflow
        return {
            **conf,
            WORKFLOW_XCOM_KEY: {"workflow_id": workflow.id, "correlation_id": workflow.correlation_id},
        }


def child_run_id(attempt: Attempt, step_name: str, map_index: int | None) -> str:
    """The id of the run that a round of a step triggers: the same on every attempt of the round.

    For a step with a long or unusual name, and for an item of a mapped step, the id contains a hash of the step's id.
    """
    begun = attempt.begun
    is_mapped = map_index is not None and map_index >= 0
    is_readable = len(step_name) <= _MAX_READABLE and re.fullmatch(r"[A-Za-z0-9_.~-]+", step_name)
    name = step_name if is_readable and not is_mapped else hashlib.sha256(begun.step_id.encode()).hexdigest()[:32]
    return f"wfstate__{begun.workflow.id}__{name}__{begun.round}"
