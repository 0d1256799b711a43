"""Build an HTTP request: its path, its parameters and its body."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid4

from airflow_wfstate.domain.messages.asked import asked_fields
from airflow_wfstate.domain.messages.operation import Answer, Operation, Request, masked_fields
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import DefinitionNotFound, InvalidName, NotFound, StepNotFound, WorkflowNotFound
from airflow_wfstate.redaction import recorded_text

_UNKNOWN: Final[Mapping[str, tuple[type[NotFound], str, str]]] = {
    "workflow_id": (WorkflowNotFound, "workflow", "Look for it with: airflow wfstate list"),
    "step_id": (StepNotFound, "step", "See the steps with: airflow wfstate show WORKFLOW"),
    "subscription_id": (NotFound, "subscription", "List them with: airflow wfstate subscriptions list"),
}
"""What an id in a path names, and the remedy if it does not exist."""


def request_path(operation: Operation[Request, Answer], request: Request) -> str:
    """The path of an operation, with the ids of the request filled in.

    :raises WorkflowNotFound: the workflow's id is not a UUID. It names no workflow, and might lead to another path.
    :raises StepNotFound: likewise for a step.
    :raises NotFound: likewise for a subscription.
    :raises DefinitionNotFound: the name is not valid, or would lead to another path. No definition can have it.
    """
    return re.sub(r"\{(\w+)\}", lambda found: _segment(found[1], getattr(request, found[1])), operation.path)


def request_parameters(request: object) -> dict[str, Any]:
    """The parameters of a read; those that have their default are left out."""
    asked = {field.parameter: (field.value_in(request), field.default) for field in asked_fields(type(request))}
    return {name: _parameter(value) for name, (value, default) in asked.items() if value != default}


def sendable(operation: Operation[Request, Answer], request: Request) -> Request:
    """The request of a write as it is sent: with secrets masked, and with an idempotency key if it needs one.

    If the caller gave no key, the request gets one for this call. If the answer is lost and the request is sent again,
    the server then returns the first answer.
    """
    changes: dict[str, object] = {}
    for name in masked_fields(operation.request):
        changes[name] = recorded_text(getattr(request, name), MAX_ERROR_LENGTH)
    if operation.is_keyed and getattr(request, "idempotency_key", None) is None:
        changes["idempotency_key"] = f"call:{uuid4()}"
    return dataclasses.replace(request, **changes) if changes else request  # type: ignore[type-var]  # they are dataclasses


def _parameter(value: Any) -> Any:
    """A value in a URL. An empty set becomes one empty text, because otherwise a URL could not tell it from None."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return [f"{name}={text}" for name, text in value.items()]
    if isinstance(value, frozenset):
        return sorted(value) or [""]
    return [_parameter(item) for item in value] if isinstance(value, list) else value


def _segment(field: str, text: object) -> str:
    if field == "name":
        return _name_segment(text)
    try:
        return str(UUID(text))  # type: ignore[arg-type]  # whatever it is
    except (ValueError, AttributeError, TypeError) as error:
        kind, noun, remedy = _UNKNOWN[field]
        raise kind(f"There is no {noun} {str(text)[:80]!r}.", remedy) from error


def _name_segment(text: object) -> str:
    try:
        name = check_name("workflow name", text)
    except InvalidName:
        name = ""
    if "/" in name or name in ("", ".", ".."):
        raise DefinitionNotFound(
            f"No definition was applied to {str(text)[:80]!r}.",
            "List the definitions in force with: airflow wfstate definitions list",
        )
    return quote(name, safe="")
