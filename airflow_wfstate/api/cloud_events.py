"""Convert CloudEvents over HTTP (the three content modes of the HTTP Protocol Binding 1.0.2) to their JSON form."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.services.cloud_event import JSON_TYPE
from airflow_wfstate.exceptions import InvalidPayload, InvalidRequest, PayloadTooLarge

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"

_MAX_DIGITS: Final = 4300
"""The most digits of an integer."""

_PREFIX: Final = "ce-"
_HOW: Final = f"Send {STRUCTURED}, {BATCHED}, or the data with the attributes in headers ce-id, ce-source and so on."


@dataclass(frozen=True)
class ReceivedEvents:
    """The events of a request.

    :param events: the events in their JSON form, unchecked.
    :param is_batch: whether they were sent as a batch, in which each event gets its own verdict.
    """

    events: list[Any]
    is_batch: bool


def read_events(headers: Iterable[tuple[str, str]], body: bytes) -> ReceivedEvents:
    """The events of a request.

    :param headers: the headers, with lower-case names.
    :raises InvalidRequest: the body does not match its Content-Type, or contains no event.
    :raises PayloadTooLarge: the batch is larger than ``[wfstate] max_payload_bytes``.
    """
    headers = list(headers)
    content_type = next((value for name, value in headers if name == "content-type"), "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == BATCHED:
        limit = conf.max_payload_bytes()
        if len(body) > limit:
            raise PayloadTooLarge(
                f"The batch has {len(body)} bytes; the limit is {limit}.",
                "Send fewer events at once, or raise [wfstate] max_payload_bytes.",
            )
        events = _json(body)
        if not isinstance(events, list):
            raise InvalidRequest("A batch must be a JSON array of events.", _HOW)
        return ReceivedEvents(events, is_batch=True)
    if media_type == STRUCTURED:
        return ReceivedEvents([_json(body)], is_batch=False)
    if media_type.startswith("application/cloudevents"):
        raise InvalidRequest(f"The event format {media_type[:80]} is not supported.", _HOW)
    return ReceivedEvents([_binary(headers, content_type, body)], is_batch=False)


def _binary(headers: Iterable[tuple[str, str]], content_type: str, body: bytes) -> dict[str, Any]:
    event: dict[str, Any] = {}
    for name, value in headers:
        if name.startswith(_PREFIX):
            event[name.removeprefix(_PREFIX)] = _attribute(name, value)
    if not event:
        raise InvalidRequest("The request contains no event.", _HOW)
    if "data" in event or "data_base64" in event:
        raise InvalidRequest("There is no attribute named data.", "The body of the request is the event's data.")
    if content_type:
        event["datacontenttype"] = content_type
    if body:
        event |= _data(content_type.partition(";")[0].strip().lower() or JSON_TYPE, body)
    return event


def _attribute(name: str, value: str) -> str:
    """Decode the value of a header: percent-encoded UTF-8, possibly in quotes (section 3.1.3.2)."""
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode("utf-8")
    except UnicodeError as error:
        raise InvalidRequest(f"The header {name} is not percent-encoded UTF-8.", "Encode it that way.") from error


def _data(media_type: str, body: bytes) -> dict[str, Any]:
    if media_type.endswith(("/json", "+json")):
        return {"data": _json(body)}
    if media_type.startswith("text/"):
        try:
            return {"data": body.decode("utf-8")}
        except UnicodeDecodeError:
            pass
    return {"data_base64": base64.b64encode(body).decode("ascii")}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse, parse_float=_finite, parse_int=_short)
    except RecursionError as error:
        raise InvalidPayload("The body is nested too deeply.", "Send a flatter one.") from error
    except ValueError as error:
        raise InvalidRequest(f"The body is not JSON: {str(error)[:200]}.", _HOW) from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} does not fit into a 64-bit number")
    return number


def _short(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"an integer has {len(text)} digits; the limit is {_MAX_DIGITS}")
    return int(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
