"""ETag, If-None-Match and If-Match (RFC 9110, sections 8.8.3 and 13.1).

The tag is strong. A proxy that compresses responses makes it weak (``W/"..."``); that form is accepted as well, because
the content has not changed. For a workflow or a definition it is ``"<version>-<hash of the body>"``: the body may
depend on the reader, and a write compares only the version. For any other response it is the hash, which no write
accepts as a version.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final

from fastapi import Header, Response

from airflow_wfstate.api.backend import json_response
from airflow_wfstate.domain.messages.definition import DefinitionDetail
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail

IfMatch = Annotated[
    str | None,
    Header(
        pattern=r'^(\*|(W/)?"[0-9]{1,18}-[0-9a-f]{16}")$',
        description="The ETag of what you read. The write is refused if it has changed since.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags, or *. The response is 304 if it still has one of them."),
]

_TAG: Final = {"ETag": {"description": "The tag of the response as this caller sees it.", "schema": {"type": "string"}}}

READ_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": _TAG},
    304: {"description": "Not modified", "headers": _TAG},
}
"""The additional OpenAPI responses of a read with a tag."""

WRITE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    412: {
        "description": "Changed since",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""The additional OpenAPI responses of a write that supports If-Match."""


def tagged_response(answer: object, if_none_match: str | None) -> Response:
    """The response for an answer; 304 without a body if the reader already has it."""
    response = json_response(answer)
    version = ""
    if isinstance(answer, WorkflowDetail):
        version = f"{answer.summary.version}-"
    elif isinstance(answer, DefinitionDetail):
        version = f"{answer.version.number}-"
    tag = f'"{version}{hashlib.sha256(response.body).hexdigest()[:16]}"'
    known = [text.strip().removeprefix("W/") for text in (if_none_match or "").split(",")]
    if tag in known or "*" in known:
        response = Response(status_code=304)
    response.headers["ETag"] = tag
    return response


def version_of(tag: str | None) -> int | None:
    """The version that an If-Match requires; None if it requires none."""
    return None if tag is None or tag == "*" else int(tag.removeprefix("W/").strip('"').partition("-")[0])
