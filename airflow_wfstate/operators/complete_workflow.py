"""CompleteWorkflowOperator: the success of a workflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.workflow import CompleteWorkflow
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.complete_dag import ChecksItsDag
from airflow_wfstate.operators.links import WorkflowLink, announce
from airflow_wfstate.operators.output import WHAT_XCOM_REFUSES, fits_xcom
from airflow_wfstate.operators.refusal import failing_for_good
from airflow_wfstate.operators.step_options import DEFAULT_CONNECTION_ID


class CompleteWorkflowOperator(ChecksItsDag, BaseOperator):
    """End the workflow of this run as succeeded.

    It fails while a step or a child run is unfinished. Returns (as its XCom) ``workflow_id``, ``state``, ``output``
    (the stored one: a guest gets what the workflow was completed with) and ``not_reached``, the planned steps that
    never began.

    :param output: what the workflow produced. (templated)
    :param wfstate_conn_id: the Airflow connection that names the way to the store; it need not be defined.
    """

    template_fields: Sequence[str] = ("output_value",)
    ui_color = "#dcefe0"
    operator_extra_links = (WorkflowLink(),)

    def __init__(self, *, output: Any = None, wfstate_conn_id: str = DEFAULT_CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Not named output: Airflow's operators have a property of that name.
        self.output_value = output
        self.wfstate_conn_id = wfstate_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Complete the workflow."""
        self._check_output()
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
                    )
                )
            )
        announce(self, context["ti"], completed.workflow)
        return {
            "workflow_id": completed.workflow.id,
            "state": completed.workflow.state.value,
            "output": decode(completed.output),
            "not_reached": completed.not_reached,
        }

    def _check_output(self) -> None:
        """Refuse an output that the XCom of this task could not hold: the task would fail when the workflow has ended.

        :raises AirflowFailException: it is such an output.
        """
        if self.do_xcom_push and not fits_xcom(self.output_value):
            raise AirflowFailException(
                f"The output of the workflow cannot be pushed as XCom: {WHAT_XCOM_REFUSES}. Set do_xcom_push=False "
                f"for task {self.task_id}, which stores it all the same, or give another output."
            )
