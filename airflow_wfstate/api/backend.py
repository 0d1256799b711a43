"""The api-server's own way to the store, and the answers that carry what it says."""

from __future__ import annotations

from functools import cache

from airflow import settings
from fastapi import Response

from airflow_wfstate import conf
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.wire import to_json


@cache
def get_backend() -> DatabaseBackend:
    """The backend on Airflow's own database engine; one a process."""
    engine = settings.get_engine()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
    return DatabaseBackend(engine, read_timeout=conf.read_timeout())


def json_response(answer: object, status: int = 200) -> Response:
    """The response that carries a dataclass of the domain. Not validated again: it comes from the store."""
    return Response(to_json(answer), status, media_type="application/json")
