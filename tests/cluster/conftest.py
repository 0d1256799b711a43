"""A production Airflow, for ``make cluster-test`` (only its virtualenv has the Celery provider)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec

import pytest

from demo.home import WAREHOUSE
from demo.stage import Stage
from tests.cluster.chaos import Place, place

if find_spec("airflow.providers.celery") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The cluster, when it is healthy."""
    with place(tmp_path_factory.mktemp("cluster")) as found:
        found.cluster.start_part("wfstate", "deliver", "--every", "1")
        yield found


@pytest.fixture(scope="session")
def stage(where: Place) -> Iterator[Stage]:
    """What the demo's stories use."""
    with closing(where.cluster.client()) as client:
        stage = Stage(where.cluster, client, where.home.postgres.url(WAREHOUSE), look=lambda: None, label="cluster")
        stage.wait_for_dags()
        yield stage
