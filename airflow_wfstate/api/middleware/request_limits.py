"""What a request may be before anything of it is parsed: not too large, not too deep, of storable text.

FastAPI reads a body whole, however large it is. Here one that is too large is answered as soon as that is known.
"""

from __future__ import annotations

import json
from typing import Final

from starlette.datastructures import Headers

from airflow_wfstate import conf
from airflow_wfstate.api.middleware.security_headers import AsgiApp, Message, Receive, Send
from airflow_wfstate.api.mounted_path import mounted_path
from airflow_wfstate.api.problems import problem
from airflow_wfstate.domain.rules.payload import MAX_DEPTH
from airflow_wfstate.exceptions import InvalidName, InvalidRequest, PayloadTooLarge, WorkflowStateError

_EVENTS: Final = "/v1/events"
"""There each event is checked by itself: one that cannot be stored must not keep those beside it from being applied."""

_BESIDE_THE_PAYLOAD: Final = 64 * 1024
"""Bytes for the other fields of a body: names, an error, a plan."""


class RequestLimits:
    """Refuses requests whose body is larger than one with the largest payload, or that nobody can store.

    A payload is sent as a string inside JSON, where each quote takes a byte more: a body may have twice the bytes of
    ``[wfstate] max_payload_bytes``, and 64 KiB.

    :param app: the app that answers all others.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, as the ASGI specification says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_query(scope)
            body = await _read(scope, receive)
            if body is None:  # the caller has gone
                return
            if mounted_path(scope) != _EVENTS:
                _check_body(body)
        except WorkflowStateError as error:
            await problem(error)(scope, receive, send)
            return
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, receive_again, send)


def _check_query(scope: Message) -> None:
    if b"%00" in scope["query_string"]:
        raise InvalidRequest("A parameter holds the character NUL, which no text here has.", "Leave it out.")


async def _read(scope: Message, receive: Receive) -> bytes | None:
    """The body; None when the caller went away before its end."""
    limit = 2 * conf.max_payload_bytes() + _BESIDE_THE_PAYLOAD
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(bytes(message.get("body", b"")))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body of the request has more than {limit} bytes.",
        "Store the value elsewhere and send a reference, or raise [wfstate] max_payload_bytes.",
    )


def _check_body(body: bytes) -> None:
    """Check what JSON allows and no table can hold. What is no JSON at all is left to FastAPI, which says where."""
    if b"\\u" not in body and body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError:
        return
    pending: list[tuple[object, int]] = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, (list, dict)) and depth == MAX_DEPTH:
            raise _too_deep()
        elif isinstance(item, list):
            pending += [(inner, depth + 1) for inner in item]
        elif isinstance(item, dict):
            pending += [(name, depth) for name in item]
            pending += [(inner, depth + 1) for inner in item.values()]


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise InvalidName("The body holds the character NUL, which no text here has.", "Leave it out.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidName("The body holds a lone surrogate, which has no UTF-8 form.", "Leave it out.")


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body nests deeper than {MAX_DEPTH}.", "Send a flatter one.")
