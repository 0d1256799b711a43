"""The contract of a workflow that fails with nothing to undo: with a relay it ends, without one it can be resumed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TakeTurn, TurnDecision
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from tests.support.world import World

_W = WorkflowState


class Failing:
    """A workflow of one run whose only leaf fails."""

    def __init__(self, world: World, *, has_relay: bool = True, on_failure: FailurePolicy = FailurePolicy.COMPENSATE):
        self.world = world
        self.key, self.run_id = world.unique("key"), world.rows.add_run("intake")
        self.workflow_id = self._start(self.run_id, has_relay=has_relay, on_failure=on_failure)[0]

    def _start(
        self, run_id: str, *, has_relay: bool = True, on_failure: FailurePolicy = FailurePolicy.COMPENSATE
    ) -> tuple[str, RunRole, int]:
        started = self.world.backend.start_workflow(
            StartWorkflow(
                self.world.rows.add_task("intake", run_id, self.world.unique("start")),
                "order",
                self.key,
                Payload.of(None),
                on_failure=on_failure,
                participants=["intake"],
                relay_task_id="compensate" if has_relay else None,
            )
        )
        return started.workflow.id, started.role, started.workflow.generation

    def start_again(self) -> tuple[RunRole, int]:
        """Start the key from another run, and return its role and generation."""
        return self._start(self.world.rows.add_run("intake"))[1:]

    def step_fails(self, when: CompensateWhen | None = None) -> None:
        """Fail the first step; its undo is only for a round that completed."""
        undo = None if when is None else CompensationDeclaration("task:charge", when=when)
        task, begun = self.world.begin(self.run_id, "charge", compensation=undo)
        self.world.fail(begun, "no money")
        self.world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))

    def run_ends(self) -> None:
        """End the run as failed, so that only the sweep notices."""
        self.world.rows.set_run_state("intake", self.run_id, "failed")
        self.world.sweep()

    def relay_asks(self) -> TurnDecision:
        """The run's relay asks for the turn."""
        self.world.rows.add_task("intake", self.run_id, self.world.unique("leaf"), state="failed")
        leaf = self.world.rows.add_task("intake", self.run_id, "last", state="failed")
        assert leaf
        relay = self.world.rows.add_task("intake", self.run_id, "compensate")
        return self.world.backend.take_turn(TakeTurn(relay, ["last"])).decision

    @property
    def state(self) -> WorkflowState:
        return self.world.state(self.workflow_id)


@pytest.mark.parametrize("when", [None, CompensateWhen.COMPLETED])
def test_with_a_relay_it_ends_as_compensated_and_the_next_generation_may_start(
    world: World, when: CompensateWhen | None
) -> None:
    failing = Failing(world)
    failing.step_fails(when)

    assert failing.relay_asks() is TurnDecision.FINISHED

    detail = world.backend.get_workflow(failing.workflow_id)
    assert detail.summary.state is _W.COMPENSATED
    assert detail.summary.error == "Step charge failed: no money"
    assert detail.summary.ended_at is not None
    assert detail.summary.hold_reason is None
    failed, compensating, compensated = world.journal(failing.workflow_id)[-3:]
    assert (failed.kind.value, failed.data["error"]) == ("workflow.failed", detail.summary.error)
    assert compensating.kind.value == "workflow.compensating"
    assert (compensated.kind.value, compensated.data["outcome"]) == ("workflow.compensated", "nothing to undo")
    assert {c.state for step in detail.steps for c in step.compensations} <= {CompensationState.NOT_NEEDED}
    assert failing.start_again() == (RunRole.OWNER, 2)


def test_the_sweep_ends_it_too_and_also_when_no_step_began(world: World) -> None:
    failing = Failing(world)

    failing.run_ends()

    assert failing.state is _W.COMPENSATED
    assert failing.start_again() == (RunRole.OWNER, 2)


def test_it_is_not_judged_before_a_step_at_work_has_ended(world: World) -> None:
    failing = Failing(world)
    failing.step_fails()
    task, begun = world.begin(failing.run_id, "reserve")

    assert failing.relay_asks() is TurnDecision.NOT_AT_REST
    assert failing.state is _W.COMPENSATING
    world.succeed(begun)
    world.rows.set_task_state(task, "success")
    world.sweep()
    assert failing.state is _W.COMPENSATED


def test_without_a_relay_it_stays_failed_and_keeps_its_key(world: World) -> None:
    failing = Failing(world, has_relay=False)
    failing.step_fails()

    failing.run_ends()

    summary = world.backend.get_workflow(failing.workflow_id).summary
    assert summary.state is _W.FAILED
    assert "none of its DAGs has a relay" in str(summary.hold_reason)
    assert failing.start_again() == (RunRole.GUEST, 1)


def test_a_policy_to_hold_holds_it(world: World) -> None:
    failing = Failing(world, on_failure=FailurePolicy.HOLD)
    failing.step_fails()

    assert failing.relay_asks() is TurnDecision.NOTHING
    assert failing.state is _W.FAILED


@pytest.mark.parametrize("is_done", [True, False])
def test_a_pivot_that_is_done_or_at_work_keeps_it_open(world: World, is_done: bool) -> None:
    failing = Failing(world)
    task = world.rows.add_task("intake", failing.run_id, "pay")
    begun = world.backend.begin_step(BeginStep(task, "pay", pivot=True))
    if is_done:
        world.succeed(begun)
        world.rows.set_task_state(task, "success")
    failing.step_fails()

    assert failing.relay_asks() is TurnDecision.NOTHING
    summary = world.backend.get_workflow(failing.workflow_id).summary
    assert (summary.state, "intake.pay" in str(summary.hold_reason)) == (_W.FAILED, True)
