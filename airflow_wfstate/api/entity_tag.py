"""The version of a workflow in HTTP's own words: ETag, If-None-Match and If-Match (RFC 9110, sections 8.8.3 and 13.1).

The tag is strong, ``"<version>-<hash of the body>"``: the body depends on who reads it. What a write compares is the
version alone.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final

from fastapi import Header, Response

from airflow_wfstate.api.backend import json_response
from airflow_wfstate.domain.detail import WorkflowDetail

IfMatch = Annotated[
    str | None,
    Header(
        pattern=r'^(\*|"[0-9]{1,18}-[0-9a-f]{16}")$',
        description="The ETag of the workflow as it was looked at: the write is refused when it has changed since.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags, or *: answered with 304 when the workflow still has one of them."),
]

_TAG: Final = {"ETag": {"description": "Of the workflow as this caller sees it.", "schema": {"type": "string"}}}

READ_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": _TAG},
    304: {"description": "Not modified", "headers": _TAG},
}
"""What the OpenAPI document says of a read that has a tag, beside what holds for every read."""

WRITE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    412: {
        "description": "Workflow changed",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""The same of a write that heeds If-Match."""


def tagged_response(detail: WorkflowDetail, if_none_match: str | None) -> Response:
    """The response that carries a workflow; 304 without it when the reader has it already."""
    answer = json_response(detail)
    tag = f'"{detail.summary.version}-{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    known = [text.strip().removeprefix("W/") for text in (if_none_match or "").split(",")]
    if tag in known or "*" in known:
        answer = Response(status_code=304)
    answer.headers["ETag"] = tag
    return answer


def version_of(tag: str | None) -> int | None:
    """The version that an If-Match demands; None when it demands none."""
    return None if tag is None or tag == "*" else int(tag.strip('"').partition("-")[0])
