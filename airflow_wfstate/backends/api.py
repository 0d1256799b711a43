"""ApiBackend: HTTP to the plugin app of an api-server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from airflow_wfstate import conf
from airflow_wfstate.backends.called_server import CalledServer
from airflow_wfstate.backends.other_version import VERSION_HEADER, about_versions, other_version
from airflow_wfstate.backends.problem_types import error_class_of
from airflow_wfstate.backends.request import request_parameters, request_path, sendable
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.backends.trust import Trust, refused_certificate
from airflow_wfstate.backends.wire import from_json, to_json
from airflow_wfstate.domain.messages.operation import TOLD_OTHERWISE, Answer, Operation, Request
from airflow_wfstate.domain.messages.sweep_report import StartSweep, SweepReport
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.exceptions import (
    AccessDenied,
    InvalidRequest,
    NotAuthenticated,
    PayloadTooLarge,
    ReadTimedOut,
    ServerUnreachable,
    WorkflowStateError,
)

PROBLEM: Final = "application/problem+json"
_COMPRESSED: Final[Mapping[str, str]] = {}
"""Leave it to httpx, which asks for the encodings that it supports."""

_UNCOMPRESSED: Final[Mapping[str, str]] = {"Accept-Encoding": "identity"}
"""For writes. Their answers are small, and an api-server compresses even the smallest one if the client accepts it."""

_BUSY_STATUSES: Final = (429, 502, 503, 504)


class _Unanswered(Exception):
    """The server did not answer, or is busy. The request is worth another try.

    :param error: what the caller gets when no tries are left.
    """

    def __init__(self, error: WorkflowStateError) -> None:
        super().__init__(error)
        self.error = error


class ApiBackend(StateBackend):
    """The backend that sends each operation as an HTTP request to the plugin's app on an api-server.

    Connections are kept alive. A request that gets no answer, or 429, 502, 503 or 504, is retried with random back-off
    of up to 5 seconds, for ``[wfstate] api_retry_seconds`` in total. Every write is safe to send again.

    :param server_url: URL of the api-server, without a trailing slash.
    :param credentials: how the caller authenticates (:mod:`airflow_wfstate.backends.credentials`).
    :param configured_by: where the URL comes from ("the connection wfstate_default"), for error messages.
    :param trust: which server certificates to accept. Default: those that Airflow's own task client accepts.
    :param connection_id: the Airflow connection that the URL comes from, for error messages; None if it comes from
        configuration options.
    :param log_in: the remedy to show when the server refuses the credentials; None to show the server's own.
    :raises InvalidRequest: a certificate file cannot be read.
    :raises ServerUnreachable: the URL, or the proxy named in the environment, cannot be used.
    """

    def __init__(
        self,
        server_url: str,
        credentials: httpx.Auth,
        *,
        configured_by: str,
        trust: Trust | None = None,
        connection_id: str | None = None,
        log_in: str | None = None,
    ) -> None:
        self.server_url = server_url
        self._base_url = f"{server_url}/wfstate/v1"
        self._configured_by = configured_by
        self._log_in = log_in
        trust = trust or Trust.of_airflow()
        self._server = CalledServer(self._base_url, configured_by, trust, connection_id)
        self._retrying = Retrying(
            stop=stop_after_delay(conf.api_retry()),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            retry=retry_if_exception_type(_Unanswered),
            reraise=True,
        )
        try:
            self._client = httpx.Client(
                base_url=self._base_url,
                auth=credentials,
                verify=trust.context_for(server_url),
                timeout=conf.api_timeout().total_seconds(),
                headers={"Accept": "application/json", "User-Agent": "airflow-provider-wfstate"},
            )
        except (httpx.InvalidURL, ValueError, ImportError) as error:  # the last two: an unsupported kind of proxy
            raise self._server.unreachable(f"cannot be called ({error})") from error

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._client.close()

    def carry_out(self, operation: Operation[Request, Answer], request: Request) -> Answer:
        """See ``StateBackend.carry_out``."""
        path = request_path(operation, request)
        if operation.is_read:
            return self._get(path, request_parameters(request), operation.answer)
        accepts = _COMPRESSED if operation.answers_much else _UNCOMPRESSED
        sent = sendable(operation, request)
        if operation.body_field is not None:
            body = to_json(getattr(sent, operation.body_field))
        else:
            body = to_json(sent, without=operation.told_otherwise, defaults=False)
        return self._write(operation.method, path, body, operation.answer, accepts, operation.media_type)

    def sweep(self, request: StartSweep | None = None) -> SweepReport:
        """See ``StateBackend.sweep``."""
        body = to_json(request or StartSweep(), without=TOLD_OTHERWISE, defaults=False)
        return self._write("POST", "/sweep", body, SweepReport)

    def check(self) -> str:
        """See ``StateBackend.check``."""
        health: dict[str, Any] = self._get("/health", {}, dict)
        count = health.get("open_workflows")
        answered = f"{self._base_url} answered"
        return answered if count is None else f"{answered}; {counted(count, 'open workflow')}"

    def _get(self, path: str, parameters: Mapping[str, Any], answer_type: type[Answer]) -> Answer:
        try:
            request = self._client.build_request("GET", path, params=dict(parameters))
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                "The request contains a lone surrogate, which cannot be encoded as UTF-8.", "Leave it out."
            ) from error
        return self._send(request, answer_type)

    def _write(
        self,
        method: str,
        path: str,
        body: bytes,
        answer_type: type[Answer],
        accepts: Mapping[str, str] = _UNCOMPRESSED,
        media_type: str = "application/json",
    ) -> Answer:
        headers = {"Content-Type": media_type, **accepts}
        return self._send(self._client.build_request(method, path, content=body, headers=headers), answer_type)

    def _send(self, request: httpx.Request, answer_type: type[Answer]) -> Answer:
        try:
            response = self._retrying(self._send_once, request)
        except _Unanswered as unanswered:
            raise unanswered.error from unanswered.__cause__
        try:
            return from_json(answer_type, response.content)
        except ValueError as error:
            complaint = f"did not answer with a {answer_type.__name__}"
            versions = about_versions(response.headers.get(VERSION_HEADER))
            raise self._server.unreachable(complaint, versions) from error

    def _send_once(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._client.send(request)
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as failure:
            raise self._server.unreachable(f"cannot be called ({type(failure).__name__}: {failure})") from failure
        except httpx.TransportError as failure:
            if (reason := refused_certificate(failure)) is not None:
                raise self._server.untrusted(reason) from failure
            raise _Unanswered(self._server.unanswered(failure)) from failure
        if response.is_success:
            return response
        error = self._error(response)
        if response.status_code in _BUSY_STATUSES and not isinstance(error, ReadTimedOut):
            raise _Unanswered(error)
        raise error

    def _error(self, response: httpx.Response) -> WorkflowStateError:
        """Turn an unsuccessful response into an error."""
        status = response.status_code
        problem = _problem_of(response)
        if status == 401 and self._log_in is not None:
            reason = "" if problem is None else str(problem.get("reason", ""))
            return NotAuthenticated(reason or f"{self._base_url} refused the credentials with 401.", self._log_in)
        if problem is not None:
            remedy = str(problem.get("remedy", ""))
            remedy += other_version(remedy, response.headers.get(VERSION_HEADER))
            return error_class_of(problem.get("type"))(str(problem.get("reason", "")), remedy)
        if status in (401, 403):
            return AccessDenied(
                f"The api-server at {self._base_url} refused this caller with {status}: {response.text[:200]}.",
                f"Check {self._configured_by}.",
            )
        if status == 413:
            return PayloadTooLarge(
                f"Something between here and the api-server at {self._base_url} refuses a request of this size (413).",
                "Allow bodies of three times [wfstate] max_payload_bytes there (nginx: client_max_body_size).",
            )
        if status in _BUSY_STATUSES:
            return ServerUnreachable(
                f"The api-server at {self._base_url} was not reached: something in front of it answered {status}.",
                "Check that the api-server is running, and check the log of the proxy in front of it.",
            )
        if status == 404:
            return self._server.unreachable("answered 404: it has no wfstate plugin, or the URL is wrong")
        return self._server.unreachable(f"answered {status}")


def _problem_of(response: httpx.Response) -> dict[str, object] | None:
    """The problem document of a response; None if it has none, as when a proxy answered instead of the server."""
    if not response.headers.get("Content-Type", "").startswith(PROBLEM):
        return None
    try:
        problem = json.loads(response.content)
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None
