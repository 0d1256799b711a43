"""What a service does: it reports its step by events, is asked to undo it, and answers."""

from __future__ import annotations

import base64
import hashlib
import json

from airflow_wfstate.domain.messages.definition import ApplyDefinition
from airflow_wfstate.domain.messages.event import SendEvents
from airflow_wfstate.domain.messages.outbox.change_subscription import AddSubscription
from tests.crash_grid.play import Hands, start_as
from tests.crash_grid.webhook_play import deliver_until

SERVICE = "partner"
REQUEST_TYPE = "refund_requested"


def define(hands: Hands) -> str:
    """An operator applies the definition of this workflow's own name."""
    definition = {
        "name": _name(hands),
        "key": "$.data.order_id",
        "participants": {
            SERVICE: {
                "sources": [_source(hands)],
                "events": {
                    "authorised": {"step": "capture", "is": "began"},
                    "captured": {"step": "capture", "is": "succeeded", "output": "$.data"},
                    "refunded": {"step": "capture", "is": "compensated"},
                },
                "compensate": {"capture": {"send": REQUEST_TYPE, "within": "PT1H"}},
                "subscription": hands.key,
            }
        },
    }
    hands.backend.apply_definition(ApplyDefinition(_name(hands), json.dumps(definition)))
    return "success"


def take_requests(hands: Hands) -> str:
    """An operator subscribes the service to the requests for it."""
    secret = "whsec_" + base64.b64encode(hashlib.sha256(hands.key.encode()).digest()).decode()
    hands.backend.add_subscription(
        AddSubscription(hands.key, hands.receiver.url, requests_only=True, secret=secret, actor="cli:ada")
    )
    return "success"


def start_with_service(hands: Hands) -> str:
    """Start the workflow of that name."""
    return start_as(hands, _name(hands))


def capture(hands: Hands) -> str:
    """The service does its step, and reports it; after a fault it sends the same events."""
    hands.receiver.call(hands.key, "capture", f"{hands.key}-capture")
    return _send(hands, "authorised", "captured")


def is_asked(hands: Hands) -> str:
    """The request is delivered."""
    return deliver_until(hands, f"asked {REQUEST_TYPE}")


def refund(hands: Hands) -> str:
    """The service has undone its step, and reports it."""
    return _send(hands, "refunded")


def _send(hands: Hands, *types: str) -> str:
    events = [
        {
            "specversion": "1.0",
            "id": f"{hands.key}-{type_}",
            "source": _source(hands),
            "type": type_,
            "data": {"order_id": hands.key},
        }
        for type_ in types
    ]
    results = hands.backend.send_events(SendEvents(events)).results
    wrong = [result for result in results if result.verdict.value not in ("applied", "duplicate")]
    if wrong:
        raise AssertionError(f"events were not applied: {wrong}")
    return "success"


def _name(hands: Hands) -> str:
    return f"of-{hands.key}"


def _source(hands: Hands) -> str:
    return f"https://{hands.key}.example/"
