"""Limits and lengths at their edges, on a store with a wide workflow, under the watchdog."""

from __future__ import annotations

import os

from tests.fuzz.edges import faults_at_the_edges
from tests.fuzz.watchdog import MAX_BYTES, MAX_SECONDS, ServerMemory, complaint
from tests.fuzz.wide import WideWorkflow
from tests.support.api_server import ApiServer


def test_every_limit_holds_and_no_answer_takes_much_memory(api_server: ApiServer, wide_workflow: WideWorkflow) -> None:
    assert faults_at_the_edges(api_server, wide_workflow) == []


def test_the_watchdog_sees_what_was_taken_and_given_back() -> None:
    memory = ServerMemory(os.getpid())
    memory.begin()
    bytearray(MAX_BYTES + 50 * 1024 * 1024)  # gone at once

    assert "MB more" in (complaint(0.1, memory.growth(), None) or "")
    memory.begin()
    assert complaint(MAX_SECONDS + 0.5, memory.growth(), None) is None
    assert "took 2.5 s" in (complaint(MAX_SECONDS + 0.5, 0, MAX_SECONDS) or "")
