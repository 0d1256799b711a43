"""The gate, which authenticates the caller before anything of the request is read.

FastAPI reads and parses a body before a route's dependencies run, which is wasted effort for an unauthenticated caller.
The routes authenticate again (:func:`~airflow_wfstate.api.authentication.authenticate`), and get the result found here.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from airflow_wfstate.api.authentication import authenticate
from airflow_wfstate.api.middleware.security_headers import AsgiApp, Message, Receive, Send
from airflow_wfstate.api.mounted_path import mounted_path
from airflow_wfstate.api.problems import problem
from airflow_wfstate.exceptions import NotAuthenticated

_GUARDED: Final = ("/v1/", "/ui/")
_OPEN: Final = ("/ui/static/", "/v1/tokens/")


class Gate:
    """Refuses requests below /v1 and /ui without a valid token.

    Exceptions are the page's bundle, and the URL where external partners use tokens.

    :param app: the app that answers all others.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, following the ASGI specification."""
        if scope["type"] == "http" and _is_guarded(scope):
            try:
                await authenticate(Request(scope))
            except NotAuthenticated as error:
                await problem(error)(scope, receive, send)
                return
            except Exception:  # noqa: S110  # the database is unavailable: the route tries again, and its handlers answer
                pass
        await self._app(scope, receive, send)


def _is_guarded(scope: Message) -> bool:
    path = mounted_path(scope)
    return path.startswith(_GUARDED) and not path.startswith(_OPEN)
