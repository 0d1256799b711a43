"""A small log, sent as ``make replay`` sends a large one, which also kills the server meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from tests.replay.event_log import read_log
from tests.replay.replay import replay
from tests.support.api_server import ApiServer
from tests.support.world import World

LOG = Path(__file__).with_name("small_log.csv")


@pytest.fixture
def engine(api_server: ApiServer) -> Iterator[Engine]:
    engine = create_engine(api_server.database_url)
    yield engine
    engine.dispose()


def test_each_case_becomes_a_workflow_with_exactly_its_activities(api_server: ApiServer, engine: Engine) -> None:
    log = read_log(LOG, World.unique("log"))

    found = replay(log, api_server.backend, engine, random.Random(17), ["admin"])  # noqa: S311 - no secret

    assert found.complaints == []
    assert (found.workflows, found.activities) == (len(log.activities), len(log.events))
    assert found.verdicts["duplicate"] > 0
    assert set(found.verdicts) <= {"applied", "parked", "duplicate"}
