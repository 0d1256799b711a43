"""The FastAPI app that the plugin mounts at /wfstate. /v1 is stable, /ui is private to the page."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request

from airflow_wfstate import __version__, conf
from airflow_wfstate.api import problems
from airflow_wfstate.api.authentication import authenticate
from airflow_wfstate.api.background_sweep import sweep_afterwards
from airflow_wfstate.api.operation_routes import add_routes
from airflow_wfstate.api.parameters import check_parameters
from airflow_wfstate.api.routes import (
    actions,
    description,
    events,
    health,
    journal_export,
    page,
    rights,
    sweep,
    tokens,
)
from airflow_wfstate.backends.operations import OPERATIONS
from airflow_wfstate.domain.messages.operation import Who


async def _admit(request: Request, background: BackgroundTasks) -> None:
    """A dependency of every route: check the options and parameters, and start a sweep afterwards if one is due.

    It is one function, and a coroutine, because FastAPI resolves each dependency separately and runs plain functions in
    another thread.
    """
    conf.check_options()
    check_parameters(request)
    sweep_afterwards(background)


_OF_EVERY_ROUTE: Final = [Depends(authenticate), Depends(_admit)]


def create_app() -> FastAPI:
    """Create the app with all its routes. All of them need a login, except the page's bundle and the use of tokens."""
    app = FastAPI(
        title="Workflow State API",
        version=__version__,
        # FastAPI's own description routes do not check for a token.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect from /workflows/ would go to whatever the request's Host header says.
        redirect_slashes=False,
    )
    problems.add_handlers(app)
    # Not by include_router, which builds each route, with the pydantic models of its answer, a second time.
    app.router.routes += [*_token_routes().routes, *_v1().routes, *_ui().routes]
    return app


def _token_routes() -> APIRouter:
    router = APIRouter(prefix="/v1")
    router.include_router(tokens.writes)
    return router


def _v1() -> APIRouter:
    router = APIRouter(prefix="/v1", dependencies=_OF_EVERY_ROUTE)
    add_routes(router, OPERATIONS)
    for part in (
        events.writes,
        actions.reads,
        journal_export.reads,
        health.reads,
        rights.reads,
        sweep.writes,
        description.reads,
    ):
        router.include_router(part)
    return router


def _ui() -> APIRouter:
    """The page's bundle, and the reads and actions that the page uses."""
    bundle = APIRouter(prefix="/ui", include_in_schema=False)
    bundle.include_router(page.reads)
    data = APIRouter(prefix="/ui", include_in_schema=False, dependencies=_OF_EVERY_ROUTE)
    add_routes(data, (operation for operation in OPERATIONS if operation.who in _PEOPLE), is_documented=False)
    for part in (actions.reads, journal_export.reads, health.reads, rights.reads):
        data.include_router(part)
    router = APIRouter()
    router.routes += [*bundle.routes, *data.routes]
    return router


_PEOPLE: Final = (Who.PERSON, Who.READER, Who.LISTER, Who.VIEWER, Who.OPERATOR, Who.MANAGER)
