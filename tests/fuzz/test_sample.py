"""A short fuzzing. ``make fuzz`` makes at least 5,000 cases."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.fuzz.fuzzing import fuzz
from tests.support.api_server import ApiServer


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Schemathesis does not go together with Airflow on Python 3.10")
def test_the_api_answers_as_its_description_says(api_server: ApiServer, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    found = fuzz(api_server, tmp_path, examples=8, seed=seed, phases=["fuzzing"])

    assert found.passed, f"seed {seed}\n{found.report}"
    assert found.cases > 200
