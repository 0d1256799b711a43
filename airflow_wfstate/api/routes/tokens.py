"""Where somebody outside uses a token: the one address that asks for no login, because the token is one."""

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
        "description": "The answer that the step gets: any JSON value. An empty body is null.",
        "content": {"application/json": {"schema": {}}},
        "required": False,
    },
    "security": [],
}


async def _answer(request: Request) -> Payload:
    """The body as a payload. Whoever sends it need not say that it is JSON.

    :raises InvalidRequest: it is no JSON.
    :raises PayloadTooLarge: it is larger than ``[wfstate] max_payload_bytes``.
    """
    body = await request.body()
    try:
        value: Any = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant) if body.strip() else None
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The body is no JSON ({error})."[:300], "Send a JSON value in UTF-8.") from error
    return encode(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@writes.post("/tokens/{token}", response_model=TokenAccepted, openapi_extra=_BODY)
def use_token(token: str, answer: Annotated[Payload, Depends(_answer)]) -> Response:
    """End exactly the wait that the token was made for, with the body as its answer; once, before it expires.

    Sent again with the same body before the token expires, it is accepted again and changes nothing. In every other
    case the answer is 404, and the same for all of them: the token was never made, was used, or has expired.
    """
    return json_response(get_backend().use_token(token, answer))
