"""A workflow of services only, or of services and a DAG, and the events that its services send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.definition import ApplyDefinition
from airflow_wfstate.domain.messages.event import EventResult, SendEvents
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery

Event = dict[str, Any]


@dataclass
class Shop:
    """A definition with a unique name and unique sources: a shop that starts workflows, payments, and a carrier.

    :param backend: the backend that applies it and sends events.
    :param users: who may send for the services; if empty, administrators.
    :param within: how long payments and the carrier have to undo their steps; None if they cannot undo them.
    """

    backend: StateBackend
    users: list[str] = field(default_factory=lambda: ["admin"])
    on_failure: str = "hold"
    plan: list[str] = field(default_factory=lambda: ["shop.place", "payments.capture", "carrier.deliver"])
    more: dict[str, Any] = field(default_factory=dict)
    within: str | None = None
    tag: str = field(default_factory=lambda: uuid4().hex[:12])

    @property
    def name(self) -> str:
        """The name of its workflows."""
        return f"order-{self.tag}"

    def source(self, service: str) -> str:
        """The source of the service's events."""
        return f"https://{self.tag}.example/{service}/"

    def apply(self) -> Shop:
        """Apply the definition."""
        self.backend.apply_definition(ApplyDefinition(self.name, json.dumps(self.definition())))
        return self

    def definition(self) -> dict[str, Any]:
        """The definition, as in a definition file."""
        return {
            "name": self.name,
            "key": "$.data.order_id",
            "starts_on": ["placed"],
            "plan": self.plan,
            "on_failure": self.on_failure,
            "participants": {
                "shop": self._service("shop", {"placed": {"step": "place", "is": "succeeded", "output": "$.data"}}),
                "payments": self._service(
                    "payments",
                    {
                        "authorised": {"step": "capture", "is": "began"},
                        "captured": {"step": "capture", "is": "succeeded", "output": "$.data.amount"},
                        "declined": {"step": "capture", "is": "failed", "error": "$.data.reason"},
                        "refunded": {"step": "capture", "is": "compensated"},
                    },
                    capture="refund_requested",
                ),
                "carrier": self._service(
                    "carrier",
                    {
                        "collected": {"step": "deliver", "is": "began"},
                        "delivered": {"step": "deliver", "is": "succeeded"},
                        "refused": {"step": "deliver", "is": "failed", "error": "$.data.reason"},
                        "returned": {"step": "deliver", "is": "compensated"},
                    },
                    deliver="return_requested",
                ),
            },
            **self.more,
        }

    def _service(self, name: str, events: dict[str, Any], **sends: str) -> dict[str, Any]:
        service = {"sources": [self.source(name)], "users": self.users, "events": events}
        if not sends or self.within is None:
            return service
        undos = {step: {"send": event_type, "within": self.within} for step, event_type in sends.items()}
        return {**service, "compensate": undos, "subscription": self.subscription(name)}

    def subscription(self, service: str) -> str:
        """The name of the subscription that asks a service to undo something."""
        return f"{service}-{self.tag}"

    def event(self, service: str, type_: str, key: str, data: dict[str, Any] | None = None, **attributes: Any) -> Event:
        """An event of a service about an order."""
        return {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": self.source(service),
            "type": type_,
            "data": {"order_id": key, **(data or {})},
            **attributes,
        }

    def placed(self, key: str, **attributes: Any) -> Event:
        """The event that starts a workflow."""
        return self.event("shop", "placed", key, {"total": 30}, **attributes)

    def send(self, *events: Event) -> list[EventResult]:
        """Send events in one request."""
        return self.backend.send_events(SendEvents(list(events))).results

    def told(self, *events: Event) -> list[str]:
        """Send events one by one, and return the verdict on each, with its reason."""
        results = [result for event in events for result in self.send(event)]
        return [f"{result.verdict.value}{f': {result.reason}' if result.reason else ''}" for result in results]

    def find(self, key: str) -> WorkflowDetail:
        """The newest generation of an order."""
        page = self.backend.list_workflows(WorkflowQuery(name=self.name, key=key))
        return self.backend.get_workflow(page.workflows[0].id)

    def generations(self, key: str) -> list[str]:
        """The states of all generations of an order, the newest first."""
        page = self.backend.list_workflows(WorkflowQuery(name=self.name, key=key))
        return [workflow.state.value for workflow in page.workflows]

    def states(self, key: str) -> dict[str, str]:
        """The state of each step of an order."""
        detail = self.find(key)
        return {f"{step.participant}.{step.name}": step.state.value for step in detail.steps}
