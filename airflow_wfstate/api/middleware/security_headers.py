"""Headers of every response: browsers must not sniff types, frame or cache data, and clients get the server's version.

This wraps the whole API, so that responses to unknown paths and unexpected errors have the headers, too. If a route
sets one of them itself, its value is kept.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from airflow_wfstate.backends.other_version import VERSION_HEADER
from airflow_wfstate.version import __version__

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Data loads nothing, and must not be framed.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # URLs contain workflow ids, and keys in filters.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    VERSION_HEADER: __version__,
}
"""The headers, with the value that a response gets unless its route sets another."""

_RAW: Final = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
"""The headers as ASGI sends them, with lower-case names."""

_CDN: Final = "https://cdn.jsdelivr.net"
_ICONS: Final = "https://fastapi.tiangolo.com"


class SecurityHeaders:
    """Adds :data:`HEADERS` to every response of an app.

    :param app: the app that answers.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, following the ASGI specification."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name for name, _ in headers}
                message = {**message, "headers": headers + [pair for pair in _RAW if pair[0] not in present]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def docs_policy(page: str) -> str:
    """The Content-Security-Policy of a Swagger UI page: only what Airflow's own page at /docs loads.

    :param page: the HTML of the page. Its inline script is allowed by its hash.
    """
    inside = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inside]
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src", _CDN, *(f"'sha256-{digest}'" for digest in hashes)]),
            f"style-src {_CDN} 'unsafe-inline'",
            f"img-src 'self' data: {_CDN} {_ICONS}",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        ]
    )
