"""Rotating the keys of stored payloads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, delete, select

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.key_rotation import RotatedColumn
from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.step import SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.payloads.rotate_keys import PAYLOAD_COLUMNS, rotate_keys
from tests.support.airflow_rows import AirflowRows
from tests.support.payload_options import new_key, payload_options
from tests.support.world import World

SECRET = {"card_number": "4111-1111"}
LARGE = {"card_number": "4111-1111", "much": "x" * 500}
_INLINE = 200


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The database of this folder's tests, emptied: a rotation reads every row."""
    engine = create_engine(request.getfixturevalue(request.param))
    with engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(delete(table))
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: Engine) -> World:
    return World(DatabaseBackend(engine), AirflowRows(engine))


def _tell(world: World) -> str:
    """A workflow with a payload in every column, small and large ones; its id."""
    run_id = world.rows.add_run("intake")
    started = world.start(run_id, input=LARGE).workflow
    task, begun = world.begin(run_id, "pay")
    key = begun.attempt_key
    world.backend.save_checkpoint(SaveCheckpoint(key, 1, "small", Payload.of(SECRET)))
    world.backend.save_checkpoint(SaveCheckpoint(key, 2, "large", Payload.of(LARGE)))
    world.backend.save_record(SaveRecord(key, 3, "call", Payload.of(SECRET)))
    world.succeed(begun, LARGE, write=4)
    world.rows.set_task_state(task, "success")
    end = CompleteWorkflow(
        world.rows.add_task("intake", run_id, "end"), Payload.of(SECRET), idempotency_key=str(uuid4())
    )
    world.backend.complete_workflow(end)
    return started.id


def _texts(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [
            text
            for column in PAYLOAD_COLUMNS
            for text in connection.execute(select(column).where(column.is_not(None))).scalars()
        ]


def _renewed(report: list[RotatedColumn]) -> int:
    return sum(column.renewed for column in report)


def _check_is_readable(world: World, workflow_id: str) -> None:
    detail = world.backend.get_workflow(workflow_id)
    assert detail.input is not None
    assert detail.input.value() == LARGE
    assert detail.output is not None
    assert detail.output.value() == SECRET
    (step,) = detail.steps
    output = world.backend.get_step(workflow_id, step.id).output
    assert output is not None
    assert output.value() == LARGE
    page = world.backend.list_checkpoints(workflow_id, step.id)
    assert [checkpoint.value.value() for checkpoint in page.checkpoints if checkpoint.value] == [LARGE, SECRET]


def test_a_rotation_leaves_nothing_under_the_old_key_and_is_done_once(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    old, new = new_key(), new_key()
    with payload_options(folder=tmp_path, inline_bytes=_INLINE, keys=[old]):
        workflow_id = _tell(world)
        written = _texts(engine)
        assert len([text for text in written if text.startswith("@file:")]) == 3
        assert len([text for text in written if text.startswith("@fernet:")]) == len(written) - 3
    with payload_options(folder=tmp_path, inline_bytes=_INLINE, keys=[new, old]):
        assert _renewed(list(rotate_keys(engine))) == len(written)
        assert _renewed(list(rotate_keys(engine))) == 0
    with payload_options(folder=tmp_path, inline_bytes=_INLINE, keys=[new]):
        _check_is_readable(world, workflow_id)


def test_a_rotation_that_was_ended_half_way_goes_on(engine: Engine, world: World, tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    with payload_options(folder=tmp_path, inline_bytes=_INLINE, keys=[old]):
        workflow_id = _tell(world)
        written = len(_texts(engine))
    with payload_options(folder=tmp_path, inline_bytes=_INLINE, keys=[new, old]):
        first = _renewed(list(islice(rotate_keys(engine), 3)))
        assert 0 < first < written
        _check_is_readable(world, workflow_id)
        assert _renewed(list(rotate_keys(engine))) == written - first
    with payload_options(folder=tmp_path, inline_bytes=_INLINE, keys=[new]):
        _check_is_readable(world, workflow_id)


def test_what_was_stored_plain_is_encrypted_when_the_option_says_so(engine: Engine, world: World) -> None:
    key = new_key()
    with payload_options(keys=[key], encrypt=False):
        workflow_id = _tell(world)
        assert _renewed(list(rotate_keys(engine))) == 0
    with payload_options(keys=[key]):
        assert _renewed(list(rotate_keys(engine))) == len(_texts(engine))
        assert not [text for text in _texts(engine) if "4111" in text]
        _check_is_readable(world, workflow_id)


def test_a_value_whose_key_is_gone_is_named_and_the_others_are_renewed(engine: Engine, world: World) -> None:
    lost, old, new = new_key(), new_key(), new_key()
    with payload_options(keys=[lost]):
        world.start(input=SECRET)
    with payload_options(keys=[old]):
        workflow_id = _tell(world)
    with payload_options(keys=[new, old]):
        report = list(rotate_keys(engine))
        (failure,) = [failure for column in report for failure in column.failures]
        assert failure.startswith("wfstate_workflow.input (id=")
        assert "fernet_key no longer has" in failure
        _check_is_readable(world, workflow_id)


def test_more_rows_than_a_page_are_all_examined(engine: Engine, world: World) -> None:
    with payload_options():
        _, begun = world.begin(world.rows.add_run("intake"), "load")
        for number in range(1, 252):
            world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, number, f"c-{number}", Payload.of(number)))
    with payload_options(keys=[new_key()]):
        pages = [one for one in rotate_keys(engine) if one.column == "wfstate_checkpoint.value"]
    assert [(page.examined, page.renewed) for page in pages] == [(100, 100), (100, 100), (51, 51)]
