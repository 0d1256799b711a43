"""Limits on a request, checked before it is parsed: its size, its nesting, and that its text can be stored.

FastAPI reads the whole body, however large it is. Here, a body that is too large is refused as soon as that is known.
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
"""Here each event is checked separately: one that cannot be stored must not prevent the others from being applied."""

_BESIDE_THE_PAYLOAD: Final = 64 * 1024
"""Bytes for the other fields of a body, such as names, an error or a plan."""


class RequestLimits:
    """Refuses requests whose body is larger than the largest payload allows, or cannot be stored.

    A payload is sent as a string inside JSON, in which each quote takes an additional byte. A body may therefore have
    twice ``[wfstate] max_payload_bytes`` plus 64 KiB.

    :param app: the app that answers all others.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, following the ASGI specification."""
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
        raise InvalidRequest("A parameter contains the character NUL, which is not allowed in text.", "Leave it out.")


async def _read(scope: Message, receive: Receive) -> bytes | None:
    """The body; None if the caller disconnected before its end."""
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
    """Refuse what JSON allows but no table can store. Invalid JSON is left to FastAPI, which reports the position."""
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
        raise InvalidName("The body contains the character NUL, which is not allowed in text.", "Leave it out.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidName("The body contains a lone surrogate, which cannot be encoded as UTF-8.", "Leave it out.")


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is nested deeper than {MAX_DEPTH} levels.", "Send a flatter one.")
