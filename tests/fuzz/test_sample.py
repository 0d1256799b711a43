"""A short fuzzing, the same each time. ``make fuzz`` makes at least 5,000 cases, different ones each time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.wide import WideWorkflow
from tests.support.api_server import ApiServer

_SEED = 363619
"""It found that only one value of a repeated parameter was used."""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Schemathesis does not go together with Airflow on Python 3.10")
def test_the_api_answers_as_its_description_says(
    api_server: ApiServer, tmp_path: Path, wide_workflow: WideWorkflow
) -> None:
    found = fuzz(api_server, tmp_path, examples=8, seed=_SEED, phases=["fuzzing"], wide=wide_workflow.id)

    assert found.passed, found.report
    assert found.cases > 200
