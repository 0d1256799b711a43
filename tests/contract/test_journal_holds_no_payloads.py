"""The contract that the journal holds the type, size and sha256 of payloads, and never the payloads themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import select

from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, EndCompensation, TakeTurn
from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.step import EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.database import schema
from tests.support.world import World

SHAPES: Final[dict[str, Callable[[str], JsonValue]]] = {
    "text": lambda secret: secret,
    "number": int,
    "key": lambda secret: {secret: None},
    "nested": lambda secret: {"card": [{"number": secret, "holder": "Ada"}]},
    "long": lambda secret: [secret] * 500,
    "escaped": lambda secret: f"é\n{secret}\\",
}
"""Payloads that contain a secret made of digits."""


class Story:
    """A workflow that stores a secret wherever a payload can be stored.

    :param value: a value that contains the secret.
    """

    def __init__(self, world: World, value: JsonValue) -> None:
        self._world = world
        self._value = value
        self._payload = Payload.of(value, sort_keys=True)
        self._run_id = world.rows.add_run("intake")
        self.workflow_id = world.start(self._run_id, input=value).workflow.id

    def do_step(self, name: str) -> None:
        """Do a step that has a compensation, with a checkpoint, two records, a wait, and an output."""
        undo = CompensationDeclaration(f"task:{name}", max_attempts=1)
        task, begun = self._world.begin(self._run_id, name, compensation=undo)
        backend, key = self._world.backend, begun.attempt_key
        backend.save_checkpoint(SaveCheckpoint(key, 1, "row", self._payload))
        backend.save_record(SaveRecord(key, 2, "call", self._payload))
        backend.save_record(SaveRecord(key, 3, "broken call", self._payload, is_error=True))
        backend.end_attempt(EndAttempt(key, 4, StepState.WAITING))
        self._world.begin_as(task, name, compensation=undo)
        backend.end_attempt(EndAttempt(key, 5, StepState.SUCCEEDED, output=self._payload))
        self._world.rows.set_task_state(task, "success")

    def complete(self) -> None:
        """Complete the workflow, with an output."""
        task = self._world.rows.add_task("intake", self._run_id, "complete")
        self._world.backend.complete_workflow(CompleteWorkflow(task, self._payload))

    def fail_and_undo(self) -> None:
        """Fail a step and the undo of the newest one until an operator decides, and undo the rest."""
        task = self._world.rows.add_task("intake", self._run_id, "breaks")
        self._world.fail(self._world.begin_as(task, "breaks"))
        self._world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=60))
        relay = self._world.rows.add_task("intake", self._run_id, "compensate")
        backend = self._world.backend
        work = backend.take_turn(TakeTurn(relay, ["breaks"])).work
        while work is not None:
            failed = work.step_name == "two"
            error = "no paper" if failed else None
            backend.end_compensation(EndCompensation(work.compensation_key, succeeded=not failed, error=error))
            work = backend.take_turn(TakeTurn(relay, ["breaks"])).work
        backend.decide_compensation(DecideCompensation(self.workflow_id, "two", Decision.DONE, "by hand"))
        work = backend.take_turn(TakeTurn(relay, ["breaks"])).work
        assert work is not None
        backend.end_compensation(EndCompensation(work.compensation_key, succeeded=True))
        backend.take_turn(TakeTurn(relay, ["breaks"]))

    def state(self) -> WorkflowState:
        """The state of the workflow."""
        return self._world.state(self.workflow_id)

    def rows(self) -> list[dict[str, object]]:
        """The journal as stored in its table."""
        journal = schema.journal
        with self._world.rows.engine.connect() as connection:
            found = connection.execute(select(journal).where(journal.c.workflow_id == self.workflow_id))
            return [dict(row) for row in found.mappings()]


def _described(value: object) -> Iterator[dict[str, object]]:
    """The descriptions of payloads, at any depth."""
    if isinstance(value, dict):
        if "sha256" in value:
            yield value
        for item in value.values():
            yield from _described(item)
    if isinstance(value, list):
        for item in value:
            yield from _described(item)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ends_well", [True, False], ids=["succeeds", "undone"])
def test_no_entry_holds_what_was_stored_and_its_hash_and_size_are_told(
    world: World, shape: str, ends_well: bool
) -> None:
    secret = str(uuid4().int)[:24].replace("0", "7")
    value = SHAPES[shape](secret)
    story = Story(world, value)
    story.do_step("one")
    story.do_step("two")
    if ends_well:
        story.complete()
    else:
        story.fail_and_undo()
    assert story.state() is (WorkflowState.SUCCEEDED if ends_well else WorkflowState.COMPENSATED)

    rows = story.rows()

    assert len(rows) > 8
    for row in rows:
        assert secret not in str(row), row["kind"]
    told = [found for row in rows for found in _described(json.loads(str(row["data"])))]
    payload = Payload.of(value, sort_keys=True)
    assert len(told) == (4 if ends_well else 3)  # of the input, both outputs, and the workflow's own
    assert {(item["sha256"], item["size"], item["type"]) for item in told} == {
        (payload.sha256, len(payload.text), payload.type)
    }
