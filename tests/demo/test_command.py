"""What ``.demo/airflow`` does with a command."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo import command
from demo.home import DemoHome


class Home(DemoHome):
    """A folder without a PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.postgres = _nothing()  # type: ignore[assignment]

    def variables(self) -> dict[str, str]:
        return {}


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 3", 3), ("kill -PIPE $$", 128 + signal.SIGPIPE), ("kill -KILL $$", 128 + signal.SIGKILL)],
)
def test_it_ends_as_a_shell_reports_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, code: int
) -> None:
    monkeypatch.setattr(command, "airflow_command", lambda: Path("/bin/sh"))
    assert command.run(Home(tmp_path), "-c", script) == code
