"""A workflow of many steps, for all tests in this folder."""

from __future__ import annotations

import pytest

from tests.fuzz.wide import WideWorkflow, add_wide_workflow
from tests.support.api_server import ApiServer


@pytest.fixture(scope="session")
def wide_workflow(api_server: ApiServer) -> WideWorkflow:
    """Of 200 items; ``make fuzz`` takes 2,000."""
    return add_wide_workflow(api_server, 200)
