"""The contract of the journal's entries about people: who, by which interface, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from tests.support.saga import Saga
from tests.support.shop import INTAKE, failed_order
from tests.support.world import World

BY: Final = {"actor": "cli:ada", "way": Way.CLI, "reason": "the customer called"}


def _send(backend: StateBackend, wish: Any) -> None:
    if isinstance(wish, ResumeWorkflow):
        backend.resume_workflow(wish)
    elif isinstance(wish, CancelWorkflow):
        backend.cancel_workflow(wish)
    elif isinstance(wish, CompensateWorkflow):
        backend.compensate_workflow(wish)
    else:
        backend.decide_compensation(wish)


def _running(world: World) -> Saga:
    saga = Saga.start(world)
    saga.done("one")
    return saga


def _succeeded(world: World) -> Saga:
    saga = _running(world)
    task = world.rows.add_task("intake", saga.run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(task, Payload.of(None)))
    return saga


def _undo_failed(world: World) -> Saga:
    saga = _running(world)
    saga.undo(saga.fail(), fails=["one"])
    return saga


def _decision(decision: Decision) -> Callable[[World], Any]:
    return lambda world: DecideCompensation(_undo_failed(world).workflow_id, "one", decision, "?")


WISHES: Final[dict[str, tuple[Callable[[World], Any], list[str]]]] = {
    "resume": (lambda world: ResumeWorkflow(failed_order(world).workflow_id), ["workflow.resumed"]),
    "restart": (
        lambda world: ResumeWorkflow(failed_order(world).workflow_id, from_step=f"{INTAKE}.charge"),
        ["workflow.resumed"],
    ),
    "cancel": (lambda world: CancelWorkflow(_running(world).workflow_id), ["workflow.cancelled"]),
    "cancel with undo": (
        lambda world: CancelWorkflow(_running(world).workflow_id, compensate=True),
        ["workflow.compensating"],
    ),
    "compensate": (lambda world: CompensateWorkflow(_running(world).workflow_id), ["workflow.compensating"]),
    "compensate what succeeded": (
        lambda world: CompensateWorkflow(_succeeded(world).workflow_id),
        ["workflow.compensating"],
    ),
    "retry": (_decision(Decision.RETRY), ["compensation.retried", "workflow.compensating"]),
    "skip": (_decision(Decision.SKIP), ["compensation.skipped", "workflow.compensating"]),
    "done": (_decision(Decision.DONE), ["compensation.done", "workflow.compensating"]),
}


@pytest.mark.parametrize("name", WISHES)
def test_what_a_person_did_is_told_with_who_which_way_and_why(world: World, name: str) -> None:
    make, kinds = WISHES[name]
    wish = make(world)
    before = len(world.journal(wish.workflow_id))

    _send(world.backend, replace(wish, **BY))

    told = [entry for entry in world.journal(wish.workflow_id)[before:] if "reason" in entry.data]
    assert [entry.kind.value for entry in told] == kinds
    assert {_who(entry) for entry in told} <= {
        ("cli:ada", "cli", "the customer called"),
        ("user:admin", "api", "the customer called"),  # over HTTP, whatever the body says
    }


def _who(entry: JournalEntry) -> tuple[object, ...]:
    return entry.actor, entry.data.get("way"), entry.data["reason"]
