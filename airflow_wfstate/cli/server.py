"""The api-server that a command uses instead of the database: ``--server``, ``--conn``, ``WFSTATE_SERVER``."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from airflow_wfstate.cli.kept_token import kept_token
from airflow_wfstate.exceptions import InvalidRequest, NotAuthenticated

if TYPE_CHECKING:
    from airflow_wfstate.backends.state_backend import StateBackend

SERVER_VARIABLE: Final = "WFSTATE_SERVER"
TOKEN_VARIABLE: Final = "WFSTATE_TOKEN"  # noqa: S105  # the name of a variable

_API_PATH: Final = "/wfstate/v1"


def server_of(arguments: Namespace) -> str | None:
    """The URL of the api-server to use, without a trailing slash; None for the metadata database.

    ``--server`` takes precedence over the environment. The URL of the server's API stands for the server.

    :raises InvalidRequest: it is not a URL, or it contains a login.
    """
    address = getattr(arguments, "server", None) or os.environ.get(SERVER_VARIABLE)
    if not address:
        return None
    if not address.startswith(("http://", "https://")):
        raise InvalidRequest(
            f"{address[:200]!r} is not the URL of an api-server.",
            "Include its scheme and, behind a proxy, its path: https://airflow.example.com/airflow",
        )
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise InvalidRequest(
            "The URL of the api-server contains a login, which commands and logs would show.",
            "Remove it, and log in with: airflow wfstate login --server URL",
        )
    return address.rstrip("/").removesuffix(_API_PATH)


def open_server(arguments: Namespace) -> StateBackend | None:
    """The store behind the api-server that the command uses; None for the metadata database.

    :raises InvalidRequest: ``--server`` and ``--conn`` are both given, or one of them is not valid.
    :raises NotAuthenticated: there is no token for the server.
    """
    connection = getattr(arguments, "conn", None)
    if connection is not None:
        if getattr(arguments, "server", None) is not None:
            raise InvalidRequest("--server and --conn both name an api-server.", "Give one of them.")
        from airflow_wfstate.hooks.workflow_state import WorkflowStateHook

        return WorkflowStateHook(connection).get_conn()
    address = server_of(arguments)
    if address is None:
        return None
    from airflow_wfstate.backends.api import ApiBackend
    from airflow_wfstate.backends.credentials import StaticToken

    given = os.environ.get(TOKEN_VARIABLE)
    token = given or kept_token(address)
    log_in = f"Log in with: airflow wfstate login --server {address}"
    if not token:
        raise NotAuthenticated(
            f"You are not logged in to {address}.",
            f"{log_in}; or put a token into {TOKEN_VARIABLE}.",
        )
    # The token in the variable takes precedence over the one that login keeps.
    remedy = f"{log_in}; and unset {TOKEN_VARIABLE}, or put a new token into it." if given else log_in
    return ApiBackend(address, StaticToken(token), configured_by=f"--server or {SERVER_VARIABLE}", log_in=remedy)
