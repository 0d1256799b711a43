"""The folder that an Airflow runs in is one process's at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.folder import FolderInUse
from demo.home import DemoHome


def test_a_folder_is_taken_by_one_at_a_time_and_its_command_stays(tmp_path: Path) -> None:
    first, second = DemoHome(tmp_path / "demo"), DemoHome(tmp_path / "demo")
    first.occupy()
    with pytest.raises(FolderInUse, match="Stop it first"):
        second.occupy()
    first.leave()
    second.occupy()
    second.leave()
    assert (tmp_path / "demo" / "airflow").exists()
