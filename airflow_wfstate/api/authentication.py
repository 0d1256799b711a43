"""Authenticate the caller: a task by its token, or an Airflow user."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import jwt
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.tokens import JWTValidator, get_sig_validation_args
from airflow.api_fastapi.core_api import security
from airflow.configuration import conf
from fastapi import Request

from airflow_wfstate.api.kept_tokens import KeptTokens
from airflow_wfstate.api.user_tokens import UserTokens
from airflow_wfstate.exceptions import NotAuthenticated


@dataclass(frozen=True)
class TaskCaller:
    """A task, identified by a token for its task instance."""

    task_instance_id: str


@dataclass(frozen=True)
class UserCaller:
    """A user, identified by Airflow's auth manager."""

    user: BaseUser


Caller: TypeAlias = TaskCaller | UserCaller


_CALLER: Final = "airflow_wfstate.caller"
"""The key of the caller in the request's ASGI scope."""

_TASK_TOKENS: Final[KeptTokens[TaskCaller]] = KeptTokens()
"""A task's token is never revoked, but it is kept no longer than a user's, so that it still expires in time."""


async def authenticate(request: Request) -> Caller:
    """Identify the caller by the bearer token, or else by Airflow's cookie. Done once per request.

    :raises NotAuthenticated: the token is missing or not valid.
    """
    known: Caller | None = request.scope.get(_CALLER)
    if known is None:
        known = request.scope[_CALLER] = await _identify(request)
    return known


async def _identify(request: Request) -> Caller:
    token = _bearer_token(request)
    if not token and (user := _user_of_page(request)) is not None:
        return UserCaller(user)
    token = token or request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
    if not token:
        raise NotAuthenticated(
            "The request has no token.",
            "Get one from POST /auth/token, and send it in the header 'Authorization: Bearer ...'.",
        )
    if (kept := _kept(token)) is not None:
        return kept
    try:
        if _is_for_tasks(token):
            return await _task(token)
        return UserCaller(await _user_tokens().user_of(token))
    except jwt.ExpiredSignatureError as error:
        raise NotAuthenticated("The token has expired.", "Get a new one from POST /auth/token.") from error
    except jwt.InvalidTokenError as error:
        raise NotAuthenticated(
            "The token was not issued by this Airflow, or is damaged.",
            "Get one from POST /auth/token of this api-server, or with: airflow wfstate login. A worker needs the "
            "connection wfstate_default of type wfstate, with the api-server's URL, a login and a password.",
        ) from error


def _kept(token: str) -> Caller | None:
    """The caller that was recently found by this token, without decoding it; None if there is none."""
    if (user := _user_tokens().kept(token)) is not None:
        return UserCaller(user)
    return _TASK_TOKENS.find(token)


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _user_of_page(request: Request) -> BaseUser | None:
    """The user whom Airflow's own middleware found by the cookie; None if there is none.

    Like Airflow's ``get_user``, it checks the marker beside the user, so that nothing else can put a user there.
    Airflow 3.2 has no such marker, so there the cookie is checked again.
    """
    mark = getattr(security, "USER_INJECTED_BY_TRUSTED_MIDDLEWARE", None)
    if mark is None or getattr(request.state, "user_authenticated_via", None) is not mark:
        return None
    user: BaseUser | None = getattr(request.state, "user", None)
    return user


@cache
def _user_tokens() -> UserTokens:
    """One instance per process, created by its first request."""
    return UserTokens(get_auth_manager().get_user_from_token)


def _is_for_tasks(token: str) -> bool:
    """Whether the token claims to be for Airflow's execution API. Nothing is verified yet; it may contain anything.

    :raises jwt.InvalidTokenError: it is not a token.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except RecursionError as error:
        raise jwt.DecodeError("not a token") from error
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return any(item in audiences for item in _execution_audiences())


async def _task(token: str) -> TaskCaller:
    checked_at = _TASK_TOKENS.now()
    claims: dict[str, Any] = await _task_token_validator().avalidated_claims(token)
    # "workload" tokens are long-lived, and only serve to start a task.
    if claims.get("scope", "execution") != "execution" or not claims.get("sub"):
        raise jwt.InvalidTokenError("not a task's token")
    caller = TaskCaller(str(claims["sub"]))
    _TASK_TOKENS.keep(token, caller, checked_at)
    return caller


@cache
def _execution_audiences() -> list[str]:
    audiences: list[str] = conf.get_mandatory_list_value("execution_api", "jwt_audience")
    return audiences


@cache
def _task_token_validator() -> JWTValidator:
    """A validator like that of Airflow's execution API (``airflow.api_fastapi.execution_api.app``)."""
    issuer = conf.get("api_auth", "jwt_issuer", fallback=None)
    required = ["aud", "exp", "iat", "sub"]
    return JWTValidator(
        required_claims=frozenset([*required, "iss"] if issuer else required),
        issuer=issuer,
        audience=_execution_audiences(),
        **get_sig_validation_args(make_secret_key_if_needed=False),
    )
