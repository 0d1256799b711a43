"""How a caller authenticates to the api-server: three kinds of token.

Each is an ``httpx.Auth``. httpx runs its flow around every request, and the flow may send additional requests.
"""

from __future__ import annotations

import base64
import json
import time
import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import httpx

from airflow_wfstate.exceptions import LoginRefused, NotAuthenticated

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.tokens import JWTGenerator

    from airflow_wfstate.backends.token_file import TokenFile

_RENEW_BEFORE_SECONDS: Final = 60
_TASK_TOKEN_SECONDS: Final = 600
_DAY_SECONDS: Final = 86_400
_INVALID_TOKEN: Final = "Invalid JWT token"  # noqa: S105  # Airflow's answer, with 403, to another key's token

AuthFlow = Generator[httpx.Request, httpx.Response, None]


class StaticToken(httpx.Auth):
    """A token from a connection or an environment variable. A trailing line break, as files have it, is removed.

    :raises NotAuthenticated: it contains characters that no token has. The message does not quote the text, which may
        be most of a secret.
    """

    def __init__(self, token: str) -> None:
        self._token = token.strip()
        if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
            raise NotAuthenticated(
                "The token for the api-server contains a space, a line break or another character that no token has.",
                "Use it as `airflow wfstate login --print-token` prints it, on one line and without quotes.",
            )

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Send the request once, with the token."""
        yield _with_token(request, self._token)


class UserToken(httpx.Auth):
    """A token that Airflow issues for a login and password.

    It is fetched when it is first needed, before it expires, and when the server refuses it. With a file, other
    processes that use the same file reuse the token, and only one of them at a time logs in.

    :param server_url: URL of the api-server, without a trailing slash.
    :param kept: where to keep the token for other processes; None to keep it in memory only.
    """

    requires_response_body = True  # the flow reads why the server refused

    def __init__(self, server_url: str, login: str, password: str, kept: TokenFile | None = None) -> None:
        self._token_url = f"{server_url}/auth/token"
        self._login = login
        self._password = password
        self._kept = kept
        self._token = ""
        self._expires_at = 0.0

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Send the request, fetching a token first if needed, and send it again if the token was refused."""
        fetched = False
        if not _lasts_until(self._expires_at):
            fetched = yield from self._renew(request)
        response = yield _with_token(request, self._token)
        # A token of another process may be refused as well, if the server's secret has changed since.
        for look in (True, False):
            if fetched or not _is_token_refused(response):
                return
            fetched = yield from self._renew(request, look=look)
            response = yield _with_token(request, self._token)

    def _renew(self, request: httpx.Request, *, look: bool = True) -> Generator[httpx.Request, httpx.Response, bool]:
        """Replace the current token; return whether this took a login.

        :param look: whether a token kept by another process may be used.
        """
        if self._kept is None:
            yield from self._fetch(request)
            return True
        if look and self._take(self._kept.read()):
            return False
        with self._kept.lock():
            if look and self._take(self._kept.read()):  # the previous holder of the lock has logged in
                return False
            yield from self._fetch(request)
            if _expiry_of(self._token) is not None:  # otherwise nobody could tell whether it is still valid
                self._kept.keep(self._token)
        return True

    def _take(self, token: str) -> bool:
        """Use a kept token; return False if it is the current one, or expires soon."""
        expires_at = _expiry_of(token)
        if token == self._token or expires_at is None or not _lasts_until(expires_at):
            return False
        self._token, self._expires_at = token, expires_at
        return True

    def _fetch(self, request: httpx.Request) -> AuthFlow:
        response = yield httpx.Request(
            "POST",
            self._token_url,
            json={"username": self._login, "password": self._password},
            extensions=request.extensions,  # the client's timeouts
        )
        if response.is_server_error:  # its database may be gone for a moment, so a retry may succeed
            raise httpx.ConnectError(f"{self._token_url} answered {response.status_code}")
        token = _access_token(response)
        if not token:
            raise LoginRefused(
                f"{self._token_url} issued no token for the login {self._login!r}: it answered {response.status_code}.",
                "Correct the login and password in the Airflow connection of type wfstate.",
            )
        self._token = token
        self._expires_at = _expiry_of(token) or time.time() + _DAY_SECONDS


class TaskToken(httpx.Auth):
    """A short-lived token for one task instance, signed with ``[api_auth] jwt_secret`` like Airflow's own."""

    def __init__(self, task_instance_id: str) -> None:
        self._claims = {"sub": task_instance_id, "scope": "execution"}
        self._generator: JWTGenerator | None = None
        self._token = ""
        self._expires_at = 0.0

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Send the request once, with a new token if the last one is about to expire."""
        if not _lasts_until(self._expires_at):
            self._token = self._sign()
            self._expires_at = time.time() + _TASK_TOKEN_SECONDS
        yield _with_token(request, self._token)

    def _sign(self) -> str:
        if self._generator is None:
            self._generator = _task_token_generator()
        with warnings.catch_warnings():
            # `airflow standalone` generates a short secret. PyJWT warns about it, but only the administrator can change
            # it.
            warnings.filterwarnings("ignore", message="The HMAC key is")
            return self._generator.generate(self._claims)


def _task_token_generator() -> JWTGenerator:
    from airflow.api_fastapi.auth.tokens import JWTGenerator, get_signing_args
    from airflow.configuration import conf

    try:
        signing = get_signing_args(make_secret_key_if_needed=False)
    except ValueError as error:
        raise NotAuthenticated(
            "This worker cannot sign a token: [api_auth] jwt_secret is not set here.",
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


def _lasts_until(expires_at: float) -> bool:
    return time.time() < expires_at - _RENEW_BEFORE_SECONDS


def _expiry_of(token: str) -> float | None:
    """When a token expires, in seconds since the epoch; None if the token does not say."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return float(claims["exp"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None
