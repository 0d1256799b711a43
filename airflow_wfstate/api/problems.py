"""Errors on the wire: problem details (RFC 9457), ``application/problem+json``.

``{type, title, status, detail, code, reason, remedy}``; ``code`` names the class in :mod:`airflow_wfstate.exceptions`.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from airflow_wfstate.exceptions import (
    AccessDenied,
    Conflict,
    DatabaseNotMigrated,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    WorkflowStateError,
)
from airflow_wfstate.store.outage import DATABASE_ERRORS, outage

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[dict[type[WorkflowStateError], int]] = {
    WorkflowStateError: 500,
    InvalidRequest: 400,
    PayloadTooLarge: 413,
    NotFound: 404,
    Conflict: 409,
    AccessDenied: 403,
    NotAuthenticated: 401,
    Unavailable: 503,
    DatabaseNotMigrated: 500,  # another try does not help
}
"""The HTTP status of an error class; of others that of the nearest class above."""


def status_of(error: WorkflowStateError) -> int:
    """The HTTP status of an error."""
    return next(_STATUS[error_class] for error_class in type(error).__mro__ if error_class in _STATUS)


def problem(error: WorkflowStateError) -> JSONResponse:
    """The response that carries an error."""
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = "1"
    body = {
        "type": f"urn:wfstate:{error.code}",
        "title": _title(error.code),
        "status": status,
        "detail": str(error),
        "code": error.code,
        "reason": error.reason,
        "remedy": error.remedy,
    }
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""
    app.add_exception_handler(WorkflowStateError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for unexpected in (*DATABASE_ERRORS, Exception):  # those of the database are then answered without a traceback
        app.add_exception_handler(unexpected, _on_unexpected)


def _on_known(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, WorkflowStateError):
        return _on_unexpected(request, error)
    return problem(error)


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    complaints = error.errors() if isinstance(error, RequestValidationError) else []
    named = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in complaints[:5]]
    return problem(
        InvalidRequest(
            f"The request to {request.url.path} is not valid ({'; '.join(named)}).",
            "Correct it as /wfstate/v1/openapi.json describes.",
        )
    )


def _on_http(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's own: an unknown path, a method that a path does not have, a body that cannot be read."""
    if not isinstance(error, HTTPException):
        return _on_unexpected(request, error)
    if error.status_code >= 500:
        return _on_unexpected(request, error)
    known = NotFound if error.status_code in (404, 405) else InvalidRequest
    answer = problem(
        known(
            f"{request.method} {request.url.path}: {error.detail}.",
            "See /wfstate/v1/openapi.json for what there is.",
        )
    )
    answer.headers.update(error.headers or {})
    return answer


def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    # The database may also go away where Airflow's own tables are read: for the token, for permissions.
    if (known := outage(error)) is not None:
        return problem(known)
    # Starlette logs the traceback; the caller learns nothing about the inside.
    log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return problem(
        WorkflowStateError(
            "The api-server failed on this request.", "Nothing was changed; the api-server's log says why."
        )
    )


def _title(code: str) -> str:
    return re.sub("-", " ", code).capitalize()
