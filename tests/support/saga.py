"""A workflow of one DAG whose steps have compensations, and its relay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnAnswer,
    TurnDecision,
)
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.states import CompensationState
from tests.support.world import World

BREAKS = "breaks"


@dataclass
class Saga:
    """A started workflow.

    :param relay: the id of the relay's task instance.
    """

    world: World
    workflow_id: str
    run_id: str
    relay: str

    @staticmethod
    def start(
        world: World,
        *,
        name: str = "order",
        on_failure: FailurePolicy = FailurePolicy.COMPENSATE,
        on_compensation_error: CompensationErrorPolicy = CompensationErrorPolicy.STOP,
        on_skip: SkipPolicy = SkipPolicy.HOLD,
        plan: list[str] | None = None,
        participants: list[str] | None = None,
    ) -> Saga:
        """Start a workflow, and return it."""
        run_id = world.rows.add_run("intake")
        started = world.start(
            run_id,
            name=name,
            on_failure=on_failure,
            on_compensation_error=on_compensation_error,
            on_skip=on_skip,
            plan=plan,
            participants=participants,
        )
        relay = world.rows.add_task("intake", run_id, "compensate", state=None)
        return Saga(world, started.workflow.id, run_id, relay)

    def done(self, *names: str) -> None:
        """Do these steps, each with an undo that is tried once."""
        for name in names:
            undo = CompensationDeclaration(f"task:{name}", max_attempts=1)
            task, begun = self.world.begin(self.run_id, name, compensation=undo)
            self.world.succeed(begun, {"of": name})
            self.world.rows.set_task_state(task, "success")

    def fail(self, error: str = "broken") -> TurnAnswer:
        """Have a step without an undo fail, and the relay ask for the turn."""
        self._break(error)
        return self.ask()

    def fail_silently(self) -> None:
        """Have such a step fail, and the run with it; its relay never runs."""
        self._break()
        self.world.rows.set_run_state("intake", self.run_id, "failed")

    def _break(self, error: str = "broken") -> None:
        task = self.world.rows.add_task("intake", self.run_id, BREAKS)
        self.world.fail(self.world.begin_as(task, BREAKS), error)
        self.world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=60))

    def ask(self) -> TurnAnswer:
        """Have the relay ask for the turn, in its current try in Airflow."""
        found = self.world.rows.find_task("intake", self.run_id, "compensate")
        self.relay = self.relay if found is None else found[0]
        self.world.rows.set_task_state(self.relay, "running")
        return self.world.backend.take_turn(TakeTurn(self.relay, [BREAKS]))

    def undo(self, answer: TurnAnswer, *, fails: Sequence[str] = ()) -> list[str]:
        """Have the relay undo until it gets no more work.

        :param fails: the steps whose undo fails.
        :return: the steps that it tried to undo.
        """
        tried = []
        while answer.decision is TurnDecision.COMPENSATE:
            assert answer.work is not None
            name = answer.work.step_name
            tried.append(name)
            error = "the printer is on fire" if name in fails else None
            self.world.backend.end_compensation(
                EndCompensation(answer.work.compensation_key, succeeded=error is None, error=error)
            )
            answer = self.ask()
        return tried

    def detail(self) -> WorkflowDetail:
        """The workflow as users see it."""
        return self.world.backend.get_workflow(self.workflow_id)

    def compensations(self) -> dict[str, CompensationState]:
        """The state of the newest undo of each step."""
        return {step.name: step.compensations[-1].state for step in self.detail().steps if step.compensations}
