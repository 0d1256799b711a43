"""The Airflow plugin that mounts the API and the page. It contains only wiring.

Every Airflow process loads the class. FastAPI is imported only in an api-server, after it has started.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from airflow_wfstate.plugins.workflow_link import WorkflowLink

log = logging.getLogger(__name__)

URL_PREFIX: Final = "/wfstate"


def bundle_url() -> str:
    """The path of the bundle for the browser, from the server's root, prefixed with the path of ``[api] base_url``.

    Airflow 3.3 resolves it against the page's URL, Airflow 3.2 imports it unchanged. An absolute path works in both.
    """
    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return f"{urlsplit(base_url).path.rstrip('/')}{URL_PREFIX}/ui/static/main.umd.cjs"


_BUNDLE_URL: Final = bundle_url()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class LazyApp:
    """An ASGI app that is built in a thread, when the server starts or at the latest by the first request.

    Building takes about a second of CPU. On the event loop it would hold up the whole api-server.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: AsgiApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, following the ASGI specification."""
        if self._built is None:
            await asyncio.to_thread(self.build)
        await self.build()(scope, receive, send)

    def build(self) -> AsgiApp:
        """Build the app if nobody has. Callers in other threads wait for the one that builds it."""
        with self._lock:
            if self._built is None:
                self._built = _build_app()
        return self._built


class StartsWithTheServer:
    """An ASGI middleware of Airflow's whole app that starts the sweep and builds our app when the server starts.

    This is needed because Airflow runs the lifespan of a plugin's app only if it is a FastAPI app.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and react to the start of the lifespan, following the ASGI specification."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_and_start(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                threading.Thread(target=_start, name="wfstate-start", daemon=True).start()
            await send(message)

        await self._app(scope, receive, send_and_start)


def _start() -> None:
    """Start what a server process needs besides its event loop. Runs in a thread, because the imports take a while."""
    from airflow_wfstate.api.background_sweep import sweep_from_now_on

    sweep_from_now_on()
    try:
        _APP.build()
    except Exception:  # the first request tries again and reports the error
        log.exception("The API of workflow state could not be built when the server started")


def _build_app() -> AsgiApp:
    from airflow_wfstate.api.app import create_app
    from airflow_wfstate.api.middleware.gate import Gate
    from airflow_wfstate.api.middleware.head_requests import HeadRequests
    from airflow_wfstate.api.middleware.request_limits import RequestLimits
    from airflow_wfstate.api.middleware.requests_at_once import RequestsAtOnce
    from airflow_wfstate.api.middleware.security_headers import SecurityHeaders

    return SecurityHeaders(Gate(RequestLimits(HeadRequests(RequestsAtOnce(create_app())))))


_APP: Final = LazyApp()


class WorkflowStatePlugin(AirflowPlugin):
    """Mounts ``/wfstate/v1``, ``/wfstate/ui``, the page, and the parts inside Airflow's own pages."""

    name = "wfstate"
    # Airflow's base class declares these as instance variables, but reads them from the class.
    fastapi_apps: list[Any] = [  # noqa: RUF012
        {"app": _APP, "url_prefix": URL_PREFIX, "name": "Workflow State"},
    ]
    fastapi_root_middlewares: list[Any] = [  # noqa: RUF012
        {"middleware": StartsWithTheServer, "name": "Workflow State: starts with the server"},
    ]
    # For all tasks instead of specific operators, because durable() can make any task a step.
    global_operator_extra_links: list[Any] = [WorkflowLink()]  # noqa: RUF012
    react_apps: list[Any] = [  # noqa: RUF012
        {
            "name": "Workflows",
            "bundle_url": _BUNDLE_URL,
            "destination": "nav",
            "category": "browse",
            "url_route": "wfstate",
        },
        {"name": "Workflows", "bundle_url": _BUNDLE_URL, "destination": "dag", "url_route": "wfstate-dag"},
        {"name": "Workflow", "bundle_url": _BUNDLE_URL, "destination": "dag_run", "url_route": "wfstate-run"},
        {"name": "Workflow", "bundle_url": _BUNDLE_URL, "destination": "task_instance", "url_route": "wfstate-task"},
        {"name": "Workflow summary", "bundle_url": _BUNDLE_URL, "destination": "dashboard"},
    ]
    """Each name is that of a component that the bundle provides to Airflow's page."""
