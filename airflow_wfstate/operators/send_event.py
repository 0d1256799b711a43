"""SendEventOperator: a task that sends an event on behalf of a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.domain.messages.event import SendEvents, SentEvents, Verdict
from airflow_wfstate.exceptions import AccessDenied, InvalidRequest, NotFound
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID
from airflow_wfstate.operators.steps.identity_text import TextIdentities

_TOLD: Final = 5
"""How many refused events the error lists."""


def send_events(events: Sequence[Mapping[str, Any]], wfstate_conn_id: str = DEFAULT_CONNECTION_ID) -> SentEvents:
    """Send events (CloudEvents 1.0 as JSON) from a task. Each event is applied once, however often it is sent.

    :param events: up to 1000 events.
    :param wfstate_conn_id: as for :class:`SendEventOperator`.
    :raises AirflowFailException: an event was refused. The others were received, and a retry would not change that.
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


class SendEventOperator(TextIdentities):
    """Send an event of a service, as CloudEvents 1.0, to the workflows of this Airflow installation.

    Use it for a service on whose behalf Airflow reports. The definition must list ``dag:<dag_id>`` among the service's
    ``users``, unless the connection names a user who may send for the service. The event's id is derived from the run,
    the task and the map index, so that a retry or a clear sends the same event, which is applied once.

    The return value (its XCom) has ``verdict``, ``workflow_id``, ``step`` and ``reason``.

    :param event_type: the event's type; the definition says what it means. (templated)
    :param source: the event's source, which must be listed by a service of the definition. (templated)
    :param data: the event's data, with the business key where the definition expects it. (templated)
    :param correlation_id: correlation id of the workflow; None if the key in the data identifies it. (templated)
    :param attributes: further attributes, such as ``time``, ``subject`` and ``sequence``. They must be the same on each
        retry. (templated)
    :param event_id: replaces the derived id, for instance so that a cleared task sends a new event; None for the
        derived id. A text that renders to nothing is refused. (templated)
    :param wfstate_conn_id: the Airflow connection to the store; it does not have to exist.
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
        """Send the event."""
        ti = context["ti"]
        identity = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"
        derived = str(uuid5(NAMESPACE_URL, f"urn:wfstate:event:{identity}"))
        event: dict[str, Any] = {
            **(self.attributes or {}),
            "specversion": "1.0",
            "id": derived if self.event_id is None else self.event_id,
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
