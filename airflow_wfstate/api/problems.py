"""Send errors as problem details (RFC 9457), ``application/problem+json``.

``{type, title, status, detail, code, reason, remedy}``; ``code`` names the class in :mod:`airflow_wfstate.exceptions`.
"""

from __future__ import annotations

import logging
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from airflow_wfstate.api.mounted_path import mounted_path
from airflow_wfstate.api.openapi import methods_of
from airflow_wfstate.backends.other_version import DESCRIPTION
from airflow_wfstate.backends.problem_types import problem_type_of
from airflow_wfstate.domain.rules.text.names import storable_text
from airflow_wfstate.exceptions import InvalidRequest, MethodNotAllowed, NotFound, WorkflowStateError
from airflow_wfstate.store.database.outage import DATABASE_ERRORS, outage

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


def problem(error: WorkflowStateError) -> JSONResponse:
    """The response for an error."""
    kind = problem_type_of(error)
    headers = {}
    if kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if kind.status == 503:
        headers["Retry-After"] = "1"
    body = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": storable_text(str(error)),
        "code": kind.error_class.code,
        "reason": storable_text(error.reason),
        "remedy": storable_text(error.remedy),
    }
    return JSONResponse(body, kind.status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Make the app answer every error with a problem document."""
    app.add_exception_handler(WorkflowStateError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for unexpected in (*DATABASE_ERRORS, Exception):  # database errors are then answered without a traceback
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
            f"Correct it according to {DESCRIPTION}.",
        )
    )


def _on_http(request: Request, error: Exception) -> JSONResponse:
    """Answer FastAPI's own errors: an unknown path, a method that a path does not have, an unreadable body."""
    if not isinstance(error, HTTPException):
        return _on_unexpected(request, error)
    if error.status_code >= 500:
        return _on_unexpected(request, error)
    known = {404: NotFound, 405: MethodNotAllowed}.get(error.status_code, InvalidRequest)
    answer = problem(
        known(
            f"{request.method} {request.url.path}: {error.detail}.",
            f"See {DESCRIPTION} for the available routes.",
        )
    )
    answer.headers.update(error.headers or {})
    methods = methods_of(request.app, mounted_path(request.scope)) if error.status_code == 405 else []
    if methods:  # Starlette lists only those of the path's first route
        answer.headers["Allow"] = ", ".join(methods)
    return answer


def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    # The database may also become unavailable while Airflow's own tables are read, for tokens or permissions.
    if (known := outage(error)) is not None:
        return problem(known)
    # Starlette logs the traceback. The caller gets no internal details.
    log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return problem(
        WorkflowStateError(
            "The api-server failed on this request.", "Nothing was changed. The api-server's log has the cause."
        )
    )
