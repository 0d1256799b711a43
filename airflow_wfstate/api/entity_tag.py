"""What a reader has already, in HTTP's own words: ETag, If-None-Match and If-Match (RFC 9110, sections 8.8.3 and 13.1).

The tag is strong. A proxy that compresses answers makes it weak (``W/"..."``), and it is taken in that form too: what
it names has not changed. Of a workflow and of a definition it is ``"<version>-<hash of the body>"``: the body may
depend on who reads it, and what a write compares is the version alone. Of any other answer it is the hash, which no
write takes for a version.
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
        description="The ETag of what was looked at: the write is refused when that has changed since.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags, or *: answered with 304 when the answer still has one of them."),
]

_TAG: Final = {"ETag": {"description": "Of the answer as this caller sees it.", "schema": {"type": "string"}}}

READ_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": _TAG},
    304: {"description": "Not modified", "headers": _TAG},
}
"""What the OpenAPI document says of a read that has a tag, beside what holds for every read."""

WRITE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    412: {
        "description": "Changed since",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""The same of a write that heeds If-Match."""


def tagged_response(answer: object, if_none_match: str | None) -> Response:
    """The response that carries an answer; 304 without it when the reader has it already."""
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
    """The version that an If-Match demands; None when it demands none."""
    return None if tag is None or tag == "*" else int(tag.removeprefix("W/").strip('"').partition("-")[0])
