"""CompleteWorkflowOperator: marks a workflow as succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.dag.complete import ChecksItsDag
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID
from airflow_wfstate.operators.steps.identity_text import TextIdentities
from airflow_wfstate.operators.steps.output import WHAT_XCOM_REFUSES, fits_xcom
from airflow_wfstate.operators.steps.refusal import failing_for_good
from airflow_wfstate.operators.steps.waiting import defer_to_ask_again
from airflow_wfstate.operators.workflow_xcom import push_workflow


class CompleteWorkflowOperator(ChecksItsDag, TextIdentities):
    """End the workflow of this run as succeeded.

    The task fails while a step or a child run is unfinished, which includes a failed step that Airflow will retry. It
    also fails if a step of its run has failed permanently, even if the task is not downstream of that step or runs with
    ``trigger_rule="all_done"``.     The task defers if another run has to finish first. In a guest, it waits until the
    run that started the workflow has completed it; in that run, it waits for steps that a guest has begun. It waits for
    at most ``[wfstate] busy_timeout_seconds``. In a guest, the task fails if the workflow ends in any other state.

    The return value (its XCom) has ``workflow_id``, ``state``, ``output`` (the stored output, so a guest gets the
    output that the workflow was completed with) and ``not_reached``, the planned steps that never began.

    :param output: the output of the workflow. (templated)
    :param over_failed_steps: True to let the workflow succeed even if steps of this run have failed permanently. Also
        set a ``trigger_rule`` that lets the task run in that case.
    :param wfstate_conn_id: the Airflow connection to the store; it does not have to exist.
    """

    template_fields: Sequence[str] = ("output_value",)
    option_names: ClassVar[Mapping[str, str]] = {"output_value": "output"}
    ui_color = "#dcefe0"

    def __init__(
        self,
        *,
        output: Any = None,
        over_failed_steps: bool = False,
        wfstate_conn_id: str = DEFAULT_CONNECTION_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        # Not named output, because Airflow's operators have a property of that name.
        self.output_value = output
        self.over_failed_steps = over_failed_steps
        self.wfstate_conn_id = wfstate_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Complete the workflow."""
        with failing_for_good():
            output = encode(self.output_value)
            self._check_output(decode(output))
        return self._complete(context, waiting_since=None)

    def ask_again(self, context: Context, waiting_since: str | None = None, event: object = None) -> dict[str, Any]:
        """Continue after waiting for another run of the workflow.

        :param waiting_since: when the wait began; None under ``dag.test()``, which loses a deferral's arguments.
        :param event: the trigger's event, which Airflow always passes.
        """
        return self._complete(context, waiting_since)

    def _complete(self, context: Context, waiting_since: str | None) -> dict[str, Any]:
        task_instance_id = str(context["ti"].id)
        with failing_for_good():
            completed = (
                WorkflowStateHook(self.wfstate_conn_id)
                .get_conn()
                .complete_workflow(
                    CompleteWorkflow(
                        task_instance_id=task_instance_id,
                        output=encode(self.output_value),
                        idempotency_key=f"{task_instance_id}:complete",
                        over_failed_steps=self.over_failed_steps,
                    )
                )
            )
        push_workflow(context["ti"], completed.workflow)
        if completed.waits_for is not None:
            defer_to_ask_again(self, completed.waits_for, waiting_since)
        return {
            "workflow_id": completed.workflow.id,
            "state": completed.workflow.state.value,
            "output": decode(completed.output),
            "not_reached": completed.not_reached,
        }

    def _check_output(self, output: object) -> None:
        """Refuse an output that XCom cannot hold; otherwise the task would fail after the workflow has ended.

        :param output: as this task returns it. The outputs of a mapped task have become a list.
        :raises AirflowFailException: XCom cannot hold the output.
        """
        if self.do_xcom_push and not fits_xcom(output):
            raise AirflowFailException(
                f"The output of the workflow cannot be pushed as XCom: {WHAT_XCOM_REFUSES}. Set do_xcom_push=False "
                f"for task {self.task_id}, which still stores the output, or return another output."
            )
