"""The contract of ``take_turn`` when someone marks a relay by hand while it undoes a step.

Airflow ends the task at once; its process learns of it with its next heartbeat, and acts until then.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn, TurnAnswer, TurnDecision
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.world import World

JUST_NOW, LONG_AGO = timedelta(seconds=1), timedelta(minutes=5)
BY_HAND = pytest.mark.parametrize("state", ["success", "failed", "skipped"])


class Undo:
    """A workflow that is undone by a relay, which has begun with its only step."""

    def __init__(self, world: World) -> None:
        self.world = world
        run_id = world.rows.add_run("intake")
        self.workflow_id = world.start(run_id).workflow.id
        world.step_done(run_id, "charge", {"receipt": "r"}, undo="task:charge")
        task = world.rows.add_task("intake", run_id, "ship")
        world.fail(world.begin_as(task, "ship"), "no truck")
        world.rows.set_task_state(task, "failed", ended_ago=JUST_NOW)
        self.relay = world.rows.add_task("intake", run_id, "compensate")
        self.first = self.ask()

    def ask(self) -> TurnAnswer:
        """The relay asks for the turn."""
        return self.world.backend.take_turn(TakeTurn(self.relay, ["ship"]))

    def relay_is_marked_and_cleared(self, state: str, ago: timedelta) -> None:
        """Someone marks it, and it is cleared, as the sweep does with a relay that has the turn."""
        self.world.rows.mark_task(self.relay, state, ended_ago=ago)
        self.relay = self.world.rows.next_try(self.relay, state=state, ended_ago=ago)


@pytest.fixture
def undo(world: World) -> Undo:
    return Undo(world)


@BY_HAND
def test_its_process_may_run_on_so_nobody_else_begins_the_undo(undo: Undo, state: str) -> None:
    undo.relay_is_marked_and_cleared(state, JUST_NOW)

    second = undo.ask()
    undo.world.sweep()

    assert (second.decision, second.work) == (TurnDecision.HANDED_OVER, None)
    assert "was marked by hand; its process may still be running" in second.reason
    assert undo.world.state(undo.workflow_id) is WorkflowState.COMPENSATING


@BY_HAND
def test_what_its_process_reports_meanwhile_counts(undo: Undo, state: str) -> None:
    undo.relay_is_marked_and_cleared(state, JUST_NOW)
    undo.ask()

    assert undo.first.work is not None
    undo.world.backend.end_compensation(EndCompensation(undo.first.work.compensation_key, succeeded=True))

    assert undo.ask().decision is TurnDecision.FINISHED


@BY_HAND
def test_after_the_grace_the_next_attempt_begins(undo: Undo, state: str) -> None:
    undo.relay_is_marked_and_cleared(state, LONG_AGO)

    again = undo.ask().work

    assert again is not None
    assert again.attempt == 2


def test_a_relay_whose_process_died_is_followed_at_once(undo: Undo) -> None:
    undo.relay = undo.world.rows.next_try(undo.relay, ended_ago=JUST_NOW)

    again = undo.ask().work

    assert again is not None
    assert again.attempt == 2
