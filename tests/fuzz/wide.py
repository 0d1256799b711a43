"""One wide workflow in the store of a server: a mapped step of many items, each with an undo, a checkpoint and 1 kB."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World

_OUTPUT = Payload.of({"text": "x" * 1000, "rows": list(range(10))})


@dataclass(frozen=True)
class WideWorkflow:
    """Its id, and that of its first step."""

    id: str
    step_id: str


def add_wide_workflow(server: ApiServer, items: int) -> WideWorkflow:
    """Start it, and do its items; every tenth fails.

    :param items: how many.
    """
    engine = create_engine(server.database_url)
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="wide").workflow.id
    undo = CompensationDeclaration("task:pack")
    step_ids = []
    for number in range(items):
        _, begun = world.begin(run_id, "pack", item_key=f"item-{number}", compensation=undo)
        world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "rows", Payload.of(number)))
        fails = number % 10 == 9
        world.backend.end_attempt(
            EndAttempt(begun.attempt_key, 2, StepState.FAILED, error="broken")
            if fails
            else EndAttempt(begun.attempt_key, 2, StepState.SUCCEEDED, output=_OUTPUT)
        )
        step_ids.append(begun.step_id)
    engine.dispose()
    return WideWorkflow(workflow_id, step_ids[0])
