"""The API's description, for callers who may use the API."""

from __future__ import annotations

from typing import Any

from airflow.configuration import conf
from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from airflow_wfstate.api.middleware.security_headers import docs_policy
from airflow_wfstate.api.openapi import describe
from airflow_wfstate.exceptions import NotFound

reads = APIRouter()


@reads.get("/openapi.json", include_in_schema=False)
def get_openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document."""
    return describe(request.app)


@reads.get("/docs", include_in_schema=False)
def get_docs() -> HTMLResponse:
    """A page to read and try the API, if Airflow shows its own."""
    if not conf.getboolean("api", "enable_swagger_ui", fallback=True):
        raise NotFound("API pages are disabled in this Airflow.", "Set [api] enable_swagger_ui, or read openapi.json.")
    page = get_swagger_ui_html(openapi_url="openapi.json", title="Workflow State API")
    page.headers["Content-Security-Policy"] = docs_policy(bytes(page.body).decode())
    return page
