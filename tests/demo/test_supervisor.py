"""The supervisor of a cluster restarts what ends, and leaves nothing behind when it stops."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from demo.cluster.part import Part
from demo.cluster.supervisor import Supervisor

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""
"""A part with a child in its own session, like a BashOperator's command."""

SLEEPS = "import time; time.sleep(600)"
IS_STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor(others=list)
    yield supervisor
    supervisor.stop(patience_seconds=0.2)


@pytest.fixture
def part(tmp_path: Path) -> Callable[..., Part]:
    def make(name: str, *code: str) -> Part:
        return Part(name, (sys.executable, "-c", *code), {}, tmp_path / name, tmp_path / f"{name}.log")

    return make


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "Waited in vain."
        time.sleep(0.02)


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE  # its new parent has not reaped it yet
    except psutil.NoSuchProcess:
        return False


def test_a_part_that_ends_is_started_again(supervisor: Supervisor, part: Callable[..., Part]) -> None:
    supervisor.start(part("ends", "print('here', flush=True)"))
    _wait_for(lambda: supervisor.restarts["ends"] >= 1)
    assert supervisor.part("ends").log_end().count("here") >= 1
    assert supervisor.printed("ends").count("here") <= 1  # not what it printed before it was restarted


def test_a_part_is_killed_with_what_descends_from_it(supervisor: Supervisor, part: Callable[..., Part]) -> None:
    supervisor.start(part("parent", PARENT, SLEEPS))
    _wait_for(lambda: bool(supervisor.part("parent").log_end()))
    child = psutil.Process(int(supervisor.part("parent").log_end()))
    supervisor.kill("parent")
    assert not supervisor.is_running("parent")
    _wait_for(lambda: not _is_there(child))
    _wait_for(lambda: supervisor.is_running("parent"))


def test_nothing_is_left_when_it_stops(supervisor: Supervisor, part: Callable[..., Part]) -> None:
    supervisor.start(part("stubborn", PARENT, IS_STUBBORN))
    _wait_for(lambda: bool(supervisor.part("stubborn").log_end()))
    left = supervisor.processes()
    assert len(left) == 2
    supervisor.stop(patience_seconds=0.2)
    assert [process for process in left if _is_there(process)] == []
