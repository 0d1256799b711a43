"""Files without a row are removed by the database that they belong to, and never by another one."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, update

from airflow_wfstate.domain.messages.step import SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import PayloadDamaged
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads import orphan_files
from airflow_wfstate.store.payloads.files import read_file
from airflow_wfstate.store.payloads.owner import MARK
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.payload_options import new_key, payload_options
from tests.support.world import World

LARGE = {"much": "x" * 500}


@pytest.fixture
def clone(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A place for a copy of the SQLite database."""
    engine = create_engine(f"sqlite:///{tmp_path / 'clone.db'}")
    yield engine
    engine.dispose()


def _look_again(engine: Engine) -> int:
    """Run a pass that checks files, whenever the last one was; return how many it removed."""
    with engine.begin() as connection:
        connection.execute(update(schema.sweep).values(files_checked_at=None))
    return sweep(engine).files


def test_files_without_a_row_are_removed_after_a_day_and_no_others(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    with payload_options(folder=tmp_path, keys=[new_key()]):
        sweep(engine)
        run_id = world.rows.add_run("intake")
        workflow_id = world.start(run_id, input=LARGE).workflow.id
        world.step_done(run_id, "pay", LARGE)
        referred = {path for path in tmp_path.rglob("*") if path.is_file()}
        _, begun = world.begin(world.rows.add_run("intake"), "load")
        for number in (1, 2):
            world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, number, "row", Payload.of(number)))
        written = {path for path in tmp_path.rglob("*") if path.is_file()} - referred
        replaced, current = sorted(written, key=lambda path: path.stat().st_mtime_ns)
        foreign = tmp_path / "notes.txt"
        foreign.write_text("of somebody else")
        assert _look_again(engine) == 0  # nothing is a day old
        for path in (*referred, replaced, current, foreign):
            long_ago = time.time() - 25 * 3600
            os.utime(path, (long_ago, long_ago))
        assert sweep(engine).files == 0  # the last check was today
        assert _look_again(engine) == 0  # the first check that finds it
        assert _look_again(engine) == 1
        assert not replaced.exists()
        assert current.exists()
        assert foreign.exists()
        assert all(path.exists() for path in referred)
        assert world.backend.get_step(workflow_id, world.backend.get_workflow(workflow_id).steps[0].id).output


def _replaced_checkpoint(world: World, folder: Path) -> Path:
    """Write a checkpoint and replace it: the first file, now a day old, is referred to by nothing."""
    _, begun = world.begin(world.rows.add_run("intake"), "load")
    before = set(folder.rglob("*.json"))
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "row", Payload.of(1)))
    (replaced,) = set(folder.rglob("*.json")) - before
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "row", Payload.of(2)))
    _make_old(folder)
    return replaced


def _make_old(folder: Path) -> None:
    long_ago = time.time() - 25 * 3600
    for path in folder.rglob("*.json"):
        os.utime(path, (long_ago, long_ago))


def test_a_second_database_removes_nothing_and_then_nobody_does(
    engine: Engine,
    world: World,
    clone: Engine,
    migrated_sqlite_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A staging system, cloned from production, with production's configuration."""
    if engine.dialect.name != "sqlite":
        pytest.skip("A database that is a file is cloned by a copy of it.")
    folder = tmp_path / "payloads"
    # Migrations, which other tests run, disable existing loggers.
    monkeypatch.setattr(logging.getLogger(orphan_files.__name__), "disabled", False)
    with payload_options(folder=folder):
        _look_again(engine)
        shutil.copy(str(engine.url.database), str(clone.url.database))
        new = world.start(input=LARGE).workflow.id  # the clone does not know it
        orphan = _replaced_checkpoint(world, folder)
        files = set(folder.rglob("*-*.json"))

        assert [_look_again(clone) for _ in range(3)] == [0, 0, 0]

        assert set(folder.rglob("*-*.json")) >= files
        assert "give each Airflow its own payload_path".lower() in caplog.text.lower()
        assert world.backend.get_workflow(new).input is not None
        assert [_look_again(engine) for _ in range(2)] == [0, 0], "Nobody can tell any more whose the files are."

        (folder / MARK).unlink()  # somebody has given staging its own folder
        assert [_look_again(engine) for _ in range(2)] == [0, 1]
        assert not orphan.exists()


def test_an_exact_copy_that_looks_first_removes_nothing(engine: Engine, world: World, tmp_path: Path) -> None:
    """Only the token tells them apart: a disk snapshot on another machine has the same database name."""
    folder = tmp_path / "payloads"
    with payload_options(folder=folder):
        _look_again(engine)
        orphan = _replaced_checkpoint(world, folder)
        with engine.begin() as connection:
            tokens = connection.execute(schema.sweep.select()).one().files_token
        _look_again(engine)  # the copy's first check
        with engine.begin() as connection:  # and now the original's, which still has the earlier tokens
            connection.execute(update(schema.sweep).values(files_token=tokens))

        assert _look_again(engine) == 0
        assert _look_again(engine) == 0
        assert orphan.exists()


def test_files_of_workflows_that_this_database_does_not_have_stay(engine: Engine, tmp_path: Path) -> None:
    workflow_id = "01a21548-8694-78b7-89bc-5566b5707b2d"
    foreign = tmp_path / workflow_id / f"input-{'0' * 64}-{'0' * 16}.json"
    foreign.parent.mkdir()
    foreign.write_text("1")
    _make_old(tmp_path)
    with payload_options(folder=tmp_path):
        assert [_look_again(engine) for _ in range(3)] == [0, 0, 0]
    assert foreign.exists()


def test_the_input_of_a_start_that_finds_its_workflow_leaves_no_file(world: World, tmp_path: Path) -> None:
    with payload_options(folder=tmp_path):
        key = world.unique("key")
        world.start(key=key, input=LARGE)
        files = set(tmp_path.rglob("*.json"))

        world.start(key=key, input=LARGE)

        assert set(tmp_path.rglob("*.json")) == files


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "notes.json"])
def test_a_row_that_names_no_payload_file_is_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text('"s3cret"')
    folder = tmp_path / "payloads"
    folder.mkdir()
    (folder / "notes.json").write_text("1")
    with payload_options(folder=folder), pytest.raises(PayloadDamaged, match="no such file name is valid"):
        read_file(name)


def test_a_look_asks_nothing_about_each_file(engine: Engine, world: World, tmp_path: Path) -> None:
    with payload_options(folder=tmp_path):
        _replaced_checkpoint(world, tmp_path)
        asked: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "fsspec.implementations.local.LocalFileSystem.modified",
                lambda _, path: asked.append(path),
                raising=True,
            )
            _look_again(engine)
    assert asked == []
