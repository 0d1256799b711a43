"""How a caller proves to the api-server who it is: three kinds of token.

Each is an ``httpx.Auth``: httpx runs its flow around every request, and the flow may send a request more.
"""

from __future__ import annotations

import base64
import json
import time
import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import httpx

from airflow_wfstate.exceptions import NotAuthenticated

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.tokens import JWTGenerator

_RENEW_BEFORE_SECONDS: Final = 60
_TASK_TOKEN_SECONDS: Final = 600
_INVALID_TOKEN: Final = "Invalid JWT token"  # noqa: S105  # what Airflow answers, with 403, to a token of another key

AuthFlow = Generator[httpx.Request, httpx.Response, None]


class StaticToken(httpx.Auth):
    """A token from a connection or an environment variable; a line break at its end, as files have it, is left out.

    :raises NotAuthenticated: it holds what no token has. The text itself is not told: it may be most of a secret.
    """

    def __init__(self, token: str) -> None:
        self._token = token.strip()
        if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
            raise NotAuthenticated(
                "The token for the api-server holds a space, a line break or another character that no token has.",
                "Give it as `airflow wfstate login --print-token` prints it, in one line and without quotes.",
            )

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Send the request once, with the token."""
        yield _with_token(request, self._token)


class UserToken(httpx.Auth):
    """A token that Airflow gives for a login and password.

    Fetched when it is first needed; fetched again before it expires, and once when the server refuses it.

    :param server_url: of the api-server, without a slash at the end.
    """

    requires_response_body = True  # the flow reads why the server refused

    def __init__(self, server_url: str, login: str, password: str) -> None:
        self._token_url = f"{server_url}/auth/token"
        self._login = login
        self._password = password
        self._token = ""
        self._expires_at = 0.0

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Send the request, with a token fetched before when needed; once more when the token was refused."""
        fetched = False
        if time.time() > self._expires_at - _RENEW_BEFORE_SECONDS:
            yield from self._fetch(request)
            fetched = True
        response = yield _with_token(request, self._token)
        if not fetched and _is_token_refused(response):
            yield from self._fetch(request)
            yield _with_token(request, self._token)

    def _fetch(self, request: httpx.Request) -> AuthFlow:
        response = yield httpx.Request(
            "POST",
            self._token_url,
            json={"username": self._login, "password": self._password},
            extensions=request.extensions,  # the client's timeouts
        )
        if response.is_server_error:  # it may have lost its database, and another try may find it
            raise httpx.ConnectError(f"{self._token_url} answered {response.status_code}")
        token = _access_token(response)
        if not token:
            raise NotAuthenticated(
                f"{self._token_url} gave no token for the login {self._login!r}: it answered {response.status_code}.",
                "Correct login and password in the Airflow connection of type wfstate.",
            )
        self._token = token
        self._expires_at = _expiry(token)


class TaskToken(httpx.Auth):
    """A short-lived token for one task instance, signed with ``[api_auth] jwt_secret`` as Airflow's own are."""

    def __init__(self, task_instance_id: str) -> None:
        self._claims = {"sub": task_instance_id, "scope": "execution"}
        self._generator: JWTGenerator | None = None
        self._token = ""
        self._expires_at = 0.0

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Send the request once, with a token signed anew when the last one ends."""
        if time.time() > self._expires_at - _RENEW_BEFORE_SECONDS:
            self._token = self._sign()
            self._expires_at = time.time() + _TASK_TOKEN_SECONDS
        yield _with_token(request, self._token)

    def _sign(self) -> str:
        if self._generator is None:
            self._generator = _task_token_generator()
        with warnings.catch_warnings():
            # The secret that `airflow standalone` makes is short; PyJWT warns, and only the administrator can help.
            warnings.filterwarnings("ignore", message="The HMAC key is")
            return self._generator.generate(self._claims)


def _task_token_generator() -> JWTGenerator:
    from airflow.api_fastapi.auth.tokens import JWTGenerator, get_signing_args
    from airflow.configuration import conf

    try:
        signing = get_signing_args(make_secret_key_if_needed=False)
    except ValueError as error:
        raise NotAuthenticated(
            "This worker may not sign a token: [api_auth] jwt_secret is not set here.",
            "Define the Airflow connection wfstate_default of type wfstate, with the api-server's URL, a login and a "
            "password.",
        ) from error
    return JWTGenerator(
        valid_for=_TASK_TOKEN_SECONDS,
        audience=conf.get_mandatory_list_value("execution_api", "jwt_audience")[0],
        issuer=conf.get("api_auth", "jwt_issuer", fallback=None),
        **signing,
    )


def _with_token(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _is_token_refused(response: httpx.Response) -> bool:
    return response.status_code == 401 or (response.status_code == 403 and _INVALID_TOKEN in response.text)


def _access_token(response: httpx.Response) -> str:
    if not response.is_success:
        return ""
    try:
        body = response.json()
    except ValueError:
        return ""
    return str(body.get("access_token", "")) if isinstance(body, dict) else ""


def _expiry(token: str) -> float:
    """When the token ends, in seconds of the epoch; in a day when it does not say so."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return float(claims["exp"])
    except (ValueError, KeyError, IndexError, TypeError):
        return time.time() + 86400
