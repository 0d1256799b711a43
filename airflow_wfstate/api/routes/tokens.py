"""The route where external partners use tokens. It is the only one without a login, because the token serves as one."""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends, Request, Response

from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.backends.codec import encode
from airflow_wfstate.domain.messages.token import TokenAccepted
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import InvalidRequest

writes = APIRouter(tags=["waits"])

_BODY = {
    "requestBody": {
        "description": "The answer for the step: any JSON value. An empty body means null.",
        "content": {"application/json": {"schema": {}}},
        "required": False,
    },
    "security": [],
}


async def _answer(request: Request) -> Payload:
    """The body as a payload. The sender does not have to declare that it is JSON.

    :raises InvalidRequest: it is not JSON.
    :raises PayloadTooLarge: it is larger than ``[wfstate] max_payload_bytes``.
    """
    body = await request.body()
    try:
        value: Any = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant) if body.strip() else None
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The body is not JSON ({error})."[:300], "Send a JSON value in UTF-8.") from error
    return encode(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@writes.post("/tokens/{token}", response_model=TokenAccepted, openapi_extra=_BODY)
def use_token(token: str, answer: Annotated[Payload, Depends(_answer)]) -> Response:
    """End the wait that the token was created for, with the body as its answer. A token works once, before it expires.

    If the same body is sent again before the token expires, it is accepted again and changes nothing. In all other
    cases the response is the same 404: the token never existed, was used, or has expired.
    """
    return json_response(get_backend().use_token(token, answer))
