"""Support HEAD for every GET: the same status and headers, without the body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from airflow_wfstate.api.middleware.security_headers import AsgiApp, Message, Receive, Send


class HeadRequests:
    """Answers HEAD like GET. FastAPI's routes only accept the methods that they declare.

    :param app: the app that answers.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, following the ASGI specification."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_without_body)
