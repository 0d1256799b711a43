"""The OpenAPI document: what FastAPI derives, plus what applies to every route."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from airflow_wfstate.backends.problem_types import problem_types

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "An error (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "reason", "remedy"],
    "properties": {
        "type": {"type": "string", "description": "The kind of error. Stable."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Reason and remedy."},
        "code": {"type": "string", "description": "The last part of the type."},
        "reason": {"type": "string", "description": "What is wrong."},
        "remedy": {"type": "string", "description": "What to do about it; empty if there is nothing to do."},
    },
}

_ON_READS: Final = (400, 401, 403, 404, 503, 504)
_ON_PLANS: Final = (*_ON_READS, 409, 410)
_ON_WRITES: Final = (400, 401, 403, 404, 409, 410, 413, 503)
"""Error statuses."""

_SECURITY: Final[dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "From POST /auth/token. A task uses its own token."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "_token", "description": "The cookie of Airflow's UI."},
}


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods of a path, with HEAD for each GET; none for a path that the document does not have."""
    paths = describe(app)["paths"]
    if path not in paths:  # match a template; literal paths take precedence
        path = next((known for known in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)), path)
    methods = {method.upper() for method in paths.get(path, {})}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


@cache
def describe(app: FastAPI) -> dict[str, Any]:
    """The document for an app's routes. It is created once; do not change it."""
    document = get_openapi(
        title=app.title,
        version="1",
        summary="Workflows, their steps and compensations, in Airflow's metadata database.",
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own error format, which we do not use
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM | {"examples": [_example()]}
    document["components"]["securitySchemes"] = _SECURITY
    document["security"] = [{"bearer": []}, {"cookie": []}]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            for status in _statuses(path, method):
                operation["responses"][str(status)] = _response(status)
    return document


def _statuses(path: str, method: str) -> tuple[int, ...]:
    """The error statuses of a route. A plan refuses in the same cases as its write."""
    if method != "get":
        return _ON_WRITES
    return _ON_PLANS if path.endswith("-plan") else _ON_READS


def _response(status: int) -> dict[str, Any]:
    titles = [row.title for row in problem_types() if row.status == status]
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": ", or ".join(titles), "content": {"application/problem+json": {"schema": schema}}}


def _example() -> dict[str, Any]:
    row = next(row for row in problem_types() if row.error_class.code == "workflow-not-found")
    reason, remedy = "There is no workflow 'x'.", "Look for it with: airflow wfstate list"
    return {
        "type": row.uri,
        "title": row.title,
        "status": row.status,
        "detail": f"{reason} {remedy}",
        "code": row.error_class.code,
        "reason": reason,
        "remedy": remedy,
    }
