"""``airflow wfstate login``."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from typing import Final

import httpx

from airflow_wfstate.backends.trust import Trust
from airflow_wfstate.cli.command import local_command
from airflow_wfstate.cli.kept_token import keep_token
from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.cli.server import SERVER_VARIABLE, TOKEN_VARIABLE, server_of
from airflow_wfstate.exceptions import InvalidRequest, NotAuthenticated, ServerUnreachable

_TIMEOUT_SECONDS: Final = 30


@local_command
def login(arguments: Namespace) -> None:
    """Get a token for a login and password, and keep it in the keyring; or only print it."""
    server = server_of(arguments)
    if server is None:
        raise InvalidRequest("No api-server is named.", f"Give --server URL, or set {SERVER_VARIABLE}.")
    username = arguments.username or _ask("Login: ")
    token = _token(server, username, _password())
    if arguments.print_token:
        print_text(token)
    elif keep_token(server, token):
        print_text(f"Logged in to {server} as {username}; the token is in the keyring.", is_error=True)
    else:
        raise InvalidRequest(
            "This machine has no keyring to keep the token in.",
            f"For this shell: export {TOKEN_VARIABLE}=$(airflow wfstate login --server {server} --print-token); or "
            "install the Python package keyring with a backend that works on this machine.",
        )


def _password() -> str:
    """Read the password without echo, or as the first line from a pipe."""
    return getpass.getpass("Password: ", sys.stderr) if sys.stdin.isatty() else _ask("")


def _ask(prompt: str) -> str:
    print_text(prompt, end="", is_error=True)
    try:
        return input()
    except EOFError:
        raise InvalidRequest("Nobody answered.", "Give --username, and the password on standard input.") from None


def _token(server: str, username: str, password: str) -> str:
    address = f"{server}/auth/token"
    try:
        answer = httpx.post(
            address,
            json={"username": username, "password": password},
            timeout=_TIMEOUT_SECONDS,
            verify=Trust.of_airflow().context_for(server),
        )
        token = answer.json().get("access_token") if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as failure:
        raise ServerUnreachable(
            f"{address} issued no token ({type(failure).__name__}: {failure}).",
            "Check the URL, including its scheme and any path that a proxy adds.",
        ) from failure
    if not token:
        raise NotAuthenticated(
            f"{address} issued no token for the login {username!r}: it answered {answer.status_code}.",
            "Correct the login and password.",
        )
    return str(token)
