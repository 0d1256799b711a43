"""The api-server's own backend, and the responses for its answers."""

from __future__ import annotations

from functools import cache

from airflow import settings
from fastapi import Response

from airflow_wfstate import conf
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.wire import to_json


@cache
def get_backend() -> DatabaseBackend:
    """The backend on Airflow's own database engine, one per process."""
    engine = settings.get_engine()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
    return DatabaseBackend(engine, read_timeout=conf.read_timeout())


def json_response(answer: object, status: int = 200) -> Response:
    """The response for a dataclass of the domain. It comes from the store, so it is not validated again."""
    return Response(to_json(answer), status, media_type="application/json")
