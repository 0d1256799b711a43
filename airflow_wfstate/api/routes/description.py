"""The API's own description, for those who may call it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

reads = APIRouter()


@reads.get("/openapi.json", include_in_schema=False)
def get_openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document."""
    description: dict[str, Any] = request.app.openapi()
    return description


@reads.get("/docs", include_in_schema=False)
def get_docs() -> HTMLResponse:
    """The OpenAPI document, to read and try."""
    return get_swagger_ui_html(openapi_url="openapi.json", title="Workflow State API")
