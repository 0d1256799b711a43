"""SendEventOperator: a task that says something for a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.domain.messages.event import SendEvents, SentEvents, Verdict
from airflow_wfstate.exceptions import AccessDenied, InvalidRequest, NotFound
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID

_TOLD: Final = 5
"""Events that were not accepted, in the error."""


def send_events(events: Sequence[Mapping[str, Any]], wfstate_conn_id: str = DEFAULT_CONNECTION_ID) -> SentEvents:
    """Send events (CloudEvents 1.0 in their JSON form) from a task; each counts once, however often it is sent.

    :param events: at most 1000.
    :param wfstate_conn_id: as for :class:`SendEventOperator`.
    :raises AirflowFailException: an event was refused: the others were received, and another try changes nothing.
    """
    try:
        sent = WorkflowStateHook(wfstate_conn_id).get_conn().send_events(SendEvents([dict(event) for event in events]))
    except (AccessDenied, InvalidRequest, NotFound) as error:
        raise AirflowFailException(str(error)) from error
    refused = [result for result in sent.results if result.verdict is Verdict.REFUSED]
    if refused:
        told = " ".join(f"{result.id}: {result.reason} {result.remedy or ''}".strip() for result in refused[:_TOLD])
        raise AirflowFailException(f"{len(refused)} of {len(sent.results)} events were refused. {told}")
    return sent


class SendEventOperator(BaseOperator):
    """Send an event of a service, as CloudEvents 1.0, to the workflows of this Airflow.

    For a service that Airflow itself speaks for. The definition names ``dag:<dag_id>`` among the service's ``users``,
    unless the connection names a user who may send for it. The event's id follows from the run, the task and the map
    index, so that a retry, or a clear, sends the same event, which counts once.

    Returns (as its XCom) ``verdict``, ``workflow_id``, ``step`` and ``reason``.

    :param event_type: of the event; what it means is in the definition. (templated)
    :param source: of the event, which a service of the definition names. (templated)
    :param data: what happened; holds the business key where the definition looks for it. (templated)
    :param correlation_id: of the workflow; None where the key in the data tells it. (templated)
    :param attributes: further attributes, such as ``time``, ``subject`` and ``sequence``; the same on each retry.
        (templated)
    :param event_id: instead of the id that follows from the task: for a task that is cleared to send anew. (templated)
    :param wfstate_conn_id: the Airflow connection that names the way to the store; it need not be defined.
    """

    template_fields: Sequence[str] = ("event_type", "source", "data", "correlation_id", "attributes", "event_id")
    ui_color = "#dce7ef"

    def __init__(
        self,
        *,
        event_type: str,
        source: str,
        data: Any = None,
        correlation_id: str | None = None,
        attributes: Mapping[str, str] | None = None,
        event_id: str | None = None,
        wfstate_conn_id: str = DEFAULT_CONNECTION_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.event_type = event_type
        self.source = source
        self.data = data
        self.correlation_id = correlation_id
        self.attributes = attributes
        self.event_id = event_id
        self.wfstate_conn_id = wfstate_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Send it."""
        ti = context["ti"]
        identity = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"
        event: dict[str, Any] = {
            **(self.attributes or {}),
            "specversion": "1.0",
            "id": self.event_id or str(uuid5(NAMESPACE_URL, f"urn:wfstate:event:{identity}")),
            "source": self.source,
            "type": self.event_type,
        }
        if self.data is not None:
            event["data"] = self.data
        if self.correlation_id is not None:
            event["correlationid"] = self.correlation_id
        (result,) = send_events([event], self.wfstate_conn_id).results
        return {
            "verdict": result.verdict.value,
            "workflow_id": result.workflow_id,
            "step": result.step,
            "reason": result.reason,
        }
