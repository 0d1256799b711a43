"""The gate: who calls is asked before anything of the request is read.

FastAPI reads and parses a body before a route's dependencies run; a stranger's body is not worth that. The routes
ask again (:func:`~airflow_wfstate.api.authentication.authenticate`), and get the answer that was found here.
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
    """Refuses requests below /v1 and /ui that carry no token that holds.

    Open are the page's bundle, and the address where somebody outside uses a token of a step.

    :param app: the app that answers all others.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, as the ASGI specification says."""
        if scope["type"] == "http" and _is_guarded(scope):
            try:
                await authenticate(Request(scope))
            except NotAuthenticated as error:
                await problem(error)(scope, receive, send)
                return
            except Exception:  # noqa: S110  # a database that is away: the route asks again, and its handlers answer
                pass
        await self._app(scope, receive, send)


def _is_guarded(scope: Message) -> bool:
    path = mounted_path(scope)
    return path.startswith(_GUARDED) and not path.startswith(_OPEN)
