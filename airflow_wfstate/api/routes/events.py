"""The route that receives CloudEvents."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import sender_of
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.cloud_events import BATCHED, STRUCTURED, read_events
from airflow_wfstate.api.garbage import spare_what_is_loaded
from airflow_wfstate.domain.messages.event import SEND_EVENTS, SentEvents, Verdict
from airflow_wfstate.exceptions import InvalidRequest, error_classes
from airflow_wfstate.store.events.gathering import Gathering
from airflow_wfstate.store.events.receive import receive_events

writes = APIRouter(tags=[SEND_EVENTS.tag])

_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "title": "CloudEvent",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 250},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1, "maxLength": 250},
        "type": {"type": "string", "minLength": 1, "maxLength": 250},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "minLength": 1},
        "dataschema": {"type": "string", "format": "uri", "minLength": 1},
        "correlationid": {"type": "string", "minLength": 1, "maxLength": 250},
        "sequence": {"type": "string", "minLength": 1},
        "data": {},
        "data_base64": {"type": "string", "format": "byte"},
    },
}
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        STRUCTURED: {"schema": _EVENT},
        BATCHED: {"schema": {"type": "array", "items": _EVENT, "maxItems": 1000}},
    },
}


@writes.post(SEND_EVENTS.path, response_model=SentEvents, openapi_extra={"requestBody": _BODY})
async def send_events(request: Request, caller: Annotated[Caller, Depends(authenticate)]) -> Response:
    """Receive CloudEvents 1.0 (structured, binary or batched), each exactly once, and apply them to their workflows.

    The response is sent after everything is committed, with a result for each event. If a single event is refused, the
    response is a problem document.
    """
    body = await request.body()
    return await run_in_threadpool(_receive, request, caller, body)


def _receive(request: Request, caller: Caller, body: bytes) -> Response:
    spare_what_is_loaded()
    received = read_events(request.headers.items(), body)
    gathering = None if received.is_batch else _gathering()
    answer = receive_events(get_backend().engine, received.events, sender_of(caller), gathering)
    if not received.is_batch:
        (result,) = answer.results
        if result.verdict is Verdict.REFUSED:
            error_class = error_classes().get(result.code or "", InvalidRequest)
            raise error_class(result.reason or "", result.remedy or "")
    return json_response(answer)


@cache
def _gathering() -> Gathering:
    """Gathers events that are sent one by one; one per process, on the engine of :func:`get_backend`."""
    return Gathering(get_backend().engine)
