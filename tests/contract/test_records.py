"""The contract of records: a call is recorded once in a round, and answers every later attempt."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.record import ReadRecords, Record, SaveRecord
from airflow_wfstate.domain.messages.step import EndAttempt
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import InvalidAttemptKey, InvalidName, InvalidRequest, StaleAttempt, WriteConflict
from tests.support.world import World


def _records(world: World, attempt_key: str) -> list[Record]:
    return world.backend.read_records(ReadRecords(attempt_key)).records


def test_a_later_attempt_of_the_round_finds_every_record(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, first = world.begin(run_id, "pay")
    world.backend.save_record(SaveRecord(first.attempt_key, 1, "call-b", Payload.of({"paid": 3})))
    world.backend.save_record(SaveRecord(first.attempt_key, 2, "call-a", Payload.of("declined"), is_error=True))

    second = world.begin_as(world.rows.next_try(task), "pay")

    assert _records(world, second.attempt_key) == [
        Record("call-b", Payload.of({"paid": 3}), False),
        Record("call-a", Payload.of("declined"), True),
    ]


def test_a_record_is_never_changed(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, first = world.begin(run_id, "pay")
    save = SaveRecord(first.attempt_key, 1, "call", Payload.of("first"))
    answer = world.backend.save_record(save)

    assert world.backend.save_record(save) == answer
    with pytest.raises(WriteConflict, match="already has a record 'call' with another result"):
        world.backend.save_record(SaveRecord(first.attempt_key, 2, "call", Payload.of("other")))
    second = world.begin_as(world.rows.next_try(task), "pay")
    with pytest.raises(WriteConflict):
        world.backend.save_record(SaveRecord(second.attempt_key, 1, "call", Payload.of("third")))
    world.backend.save_record(SaveRecord(second.attempt_key, 1, "call", Payload.of("first")))

    assert _records(world, second.attempt_key) == [Record("call", Payload.of("first"), False)]


def test_pages_stay_right_while_records_are_added(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    _, begun = world.begin(run_id, "pay")
    for number in range(1, 4):
        world.backend.save_record(SaveRecord(begun.attempt_key, number, f"call-{number}", Payload.of(number)))

    first = world.backend.read_records(ReadRecords(begun.attempt_key, limit=2))
    world.backend.save_record(SaveRecord(begun.attempt_key, 4, "call-0", Payload.of(4)))
    assert first.next_skip is not None
    second = world.backend.read_records(ReadRecords(begun.attempt_key, skip=first.next_skip, limit=2))

    assert [record.name for record in first.records + second.records] == ["call-1", "call-2", "call-3", "call-0"]
    assert second.next_skip is None


def test_a_rerun_begins_without_records(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "pay")
    world.backend.save_record(SaveRecord(begun.attempt_key, 1, "call", Payload.of(1)))
    world.succeed(begun, write=2)

    again = world.begin_as(world.rows.next_try(task, state="success"), "pay")

    assert again.round == 2
    assert _records(world, again.attempt_key) == []


def test_who_may_not_write_may_not_record(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, zombie = world.begin(run_id, "pay")
    newest = world.begin_as(world.rows.next_try(task), "pay")

    with pytest.raises(StaleAttempt):
        world.backend.save_record(SaveRecord(zombie.attempt_key, 1, "call", Payload.of(1)))
    world.backend.end_attempt(EndAttempt(newest.attempt_key, 1, StepState.SKIPPED))
    with pytest.raises(StaleAttempt):
        world.backend.save_record(SaveRecord(newest.attempt_key, 2, "call", Payload.of(1)))
    assert _records(world, newest.attempt_key) == []


def test_bad_input_is_refused(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    _, begun = world.begin(run_id, "pay")
    forged = begun.attempt_key[:-1] + ("0" if begun.attempt_key[-1] != "0" else "1")

    with pytest.raises(InvalidName):
        world.backend.save_record(SaveRecord(begun.attempt_key, 1, "", Payload.of(1)))
    with pytest.raises(InvalidRequest):
        world.backend.read_records(ReadRecords(begun.attempt_key, limit=0))
    with pytest.raises(InvalidRequest):
        world.backend.read_records(ReadRecords(begun.attempt_key, skip=-1))
    with pytest.raises(InvalidAttemptKey):
        world.backend.save_record(SaveRecord(forged, 1, "call", Payload.of(1)))
    with pytest.raises(InvalidAttemptKey):
        world.backend.read_records(ReadRecords(forged))
