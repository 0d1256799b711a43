"""All runs of runs.py, started at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from demo.client import AirflowClient, Json
from demo.stage import Found, Stage
from tests.live.histories.runs import AT_ONCE, JOB, Run
from tests.live.outside import Outside

_PATIENCE_SECONDS = 400
"""All runs together take less than this on two cores."""


@dataclass(frozen=True)
class Histories:
    """What a test of a history can use."""

    stage: Stage
    outside: Outside

    @property
    def client(self) -> AirflowClient:
        """The user ``admin``."""
        return self.stage.client

    def trigger(self, run: Run, *, logical_date: str | None = None) -> None:
        """Start a run."""
        conf = {"key": run.key, **run.conf}
        try:
            self.client.trigger(run.dag_id, run.run_id, conf, logical_date=logical_date)
        except httpx.TimeoutException:  # what Airflow was asked for, it does all the same
            self.wait_for(f"the run {run.run_id} of {run.dag_id}", lambda: self._has_begun(run))

    def wait_for(self, what: str, find: Callable[[], Found | None]) -> Found:
        """Wait as the stage does, with patience for all runs."""
        return self.stage.wait_for(what, find, _PATIENCE_SECONDS)

    def run_ended(self, run: Run, state: str) -> None:
        """Wait until a run has ended in a state."""
        self.wait_for(f"the run {run.run_id} of {run.dag_id} to end", lambda: self._run_state(run) != "")
        assert self._run_state(run) == state, run

    def ended(self, run: Run, state: str, generation: int = 1) -> Json:
        """The workflow of a run, as soon as it is in a state."""

        def reached() -> Json | None:
            found = self.generation(run, generation)
            return found if found is not None and found["summary"]["state"] == state else None

        return self.wait_for(f"the workflow {run.workflow}/{run.key} to be {state}", reached)

    def generation(self, run: Run, generation: int = 1) -> Json | None:
        """A generation of the workflow of a run; None if there is none."""
        for found in self.client.workflows(name=run.workflow, key=run.key):
            if found["generation"] == generation:
                return self.client.workflow(found["id"])
        return None

    def newest(self, run: Run) -> Json:
        """The newest workflow of a run's name and key."""
        found = self.stage.workflow(run.workflow, run.key)
        assert found is not None, run
        return found

    def swept_to(self, run: Run, state: str = "running", *, flagged: bool = False) -> Json | None:
        """The workflow of a run once it is in a state after a sweep, with a flag if one is wanted."""
        self.client.sweep()
        found = self.generation(run)
        if found is None or found["summary"]["state"] != state or (flagged and not found["summary"]["flags"]):
            return None
        return found

    def compensations(self, workflow: Json) -> list[Json]:
        """All undos of a workflow, each with the name of its step."""
        return [{**item, "step_name": step["name"]} for step in workflow["steps"] for item in step["compensations"]]

    def journal(self, workflow: Json) -> list[Json]:
        """The journal of a workflow."""
        return self.client.journal(workflow["summary"]["id"])

    def steps(self, workflow: Json, kind: str) -> list[str]:
        """The steps of the journal entries of a kind, in order."""
        return [entry["step"] for entry in self.journal(workflow) if entry["kind"] == kind]

    def task_is(self, run: Run, task_id: str, state: str) -> bool:
        """Whether a task of a run is in a state, as Airflow names it."""
        return bool(self.client.task_instance(run.dag_id, run.run_id, task_id)["state"] == state)

    def _has_begun(self, run: Run) -> bool:
        return any(found["dag_run_id"] == run.run_id for found in self.client.runs(run.dag_id))

    def _run_state(self, run: Run) -> str:
        """The state of a run that has ended; empty before that."""
        state = self.client.run_state(run.dag_id, run.run_id)
        return state if state in ("success", "failed") else ""


@pytest.fixture(scope="session")
def histories(stage: Stage, outside: Outside, request: pytest.FixtureRequest) -> Histories:
    """The runs of every test module of this session have been started."""
    made = Histories(stage, outside)
    chosen = {item.path.stem for item in request.session.items}
    for module, runs in AT_ONCE.items():
        for run in runs if module in chosen else ():
            if run is not JOB or stage.client.has_dag(run.dag_id):
                made.trigger(run)
    return made
