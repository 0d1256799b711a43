"""A worker of the soak: workflows of ten steps, one after another, until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.codec import encode
from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import WorkflowStateError
from airflow_wfstate.operators.steps.attempt import Attempt
from tests.crash_grid.receiver import Receiver
from tests.support.airflow_rows import AirflowRows

NAME: Final = "soak"
DAG_ID: Final = "soak"
STEPS: Final = 10
_PATIENCE_SECONDS: Final = 120

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Place:
    """Where the workers work.

    :param api_url: of the api-server; None for the database way.
    :param receiver: the outside system's file.
    """

    database_url: str
    api_url: str | None
    receiver: Path


@dataclass
class Done:
    """What a worker did.

    :param steps: workflow keys, each with the steps that the store acknowledged.
    :param task_retries: how often a task failed because the store was away, and was tried again.
    """

    steps: dict[str, list[str]] = field(default_factory=dict)
    task_retries: int = 0


def work(place: Place, stop: Event, pipe: Connection) -> None:
    """Do whole workflows until ``stop`` is set; then send what was done."""
    worker = _Worker(place)
    while not stop.is_set():
        worker.do_workflow(f"{NAME}-{uuid4().hex[:12]}")
    pipe.send(worker.done)


class _Worker:
    def __init__(self, place: Place) -> None:
        self.done = Done()
        self._backend = _open(place)
        self._receiver = Receiver(place.receiver)
        self._rows = AirflowRows(create_engine(place.database_url, pool_pre_ping=True))

    def do_workflow(self, key: str) -> None:
        self.done.steps[key] = []
        _persistently(lambda: self._rows.add_run(DAG_ID, key))
        start = StartWorkflow("", NAME, key, encode(key))
        self._play(key, "start", lambda task: self._backend.start_workflow(_for_task(start, task)))
        for number in range(STEPS):
            name = f"step-{number}"
            self._play(key, name, partial(self._do_step, key, name))
            self.done.steps[key].append(name)
        complete = CompleteWorkflow("", encode(STEPS))
        self._play(key, "complete", lambda task: self._backend.complete_workflow(_for_task(complete, task)))

    def _play(self, key: str, task_id: str, act: Callable[[str], object]) -> None:
        """A task with as many tries as it takes."""
        task = _persistently(lambda: self._rows.find_task(DAG_ID, key, task_id) or self._add(key, task_id))[0]
        for _ in _tries():
            try:
                act(task)
                break
            except WorkflowStateError:
                self.done.task_retries += 1
                task = _persistently(partial(self._next_try, key, task_id, task))
        _persistently(lambda: self._rows.set_task_state(task, "success"))

    def _add(self, key: str, task_id: str) -> tuple[str, str | None]:
        return self._rows.add_task(DAG_ID, key, task_id), "running"

    def _next_try(self, key: str, task_id: str, task: str) -> str:
        """The next try; the one that a lost answer has hidden when there is such."""
        found = self._rows.find_task(DAG_ID, key, task_id)
        return found[0] if found is not None and found[0] != task else self._rows.next_try(task)

    def _do_step(self, key: str, name: str, task: str) -> None:
        begun = self._backend.begin_step(BeginStep(task, name))
        if begun.decision is not BeginDecision.RUN:
            return
        attempt = Attempt(self._backend, begun)
        attempt.save_checkpoint("half", 50)
        receipt = self._receiver.call(key, name, begun.idempotency_key)
        attempt.end(StepState.SUCCEEDED, output=encode({"receipt": receipt}))


def _for_task(request: Answer, task: str) -> Answer:
    return replace(request, task_instance_id=task)  # type: ignore[type-var]  # both are dataclasses with that field


def _open(place: Place) -> StateBackend:
    if place.api_url is None:
        return DatabaseBackend(create_engine(place.database_url))
    return ApiBackend(place.api_url, UserToken(place.api_url, "admin", "admin"), configured_by="the soak")


def _persistently(act: Callable[[], Answer]) -> Answer:
    """What Airflow does to its own tables, when the database is back."""
    for _ in _tries():
        try:
            return act()
        except DBAPIError as error:
            if not _is_outage(error):
                raise
    raise AssertionError("unreachable")


def _is_outage(error: DBAPIError) -> bool:
    return error.connection_invalidated or "connect" in str(error).lower() or "shutting down" in str(error)


def _tries() -> Iterator[None]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)  # the database says in no other way that it is back
    raise TimeoutError(f"the store was away for {_PATIENCE_SECONDS} seconds")
