"""The rules that hold at every moment of a random story over the store (test_state_machine.py)."""

from __future__ import annotations

from hypothesis.stateful import invariant

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import (
    OPEN_STEP_STATES,
    OPEN_WORKFLOW_STATES,
    CompensationState,
    StepState,
    WorkflowState,
    may_become,
)
from tests.support.task_tries import TaskTries
from tests.support.world import World

Round = tuple[str, object]
"""A step and the number of a round."""


class StoryInvariants:
    """The rules, as invariants of a story; there is nothing to look at before it began."""

    world: World
    key: str
    seen: dict[str, WorkflowState]
    tries: TaskTries

    @invariant()
    def the_journal_has_no_gaps(self) -> None:
        for workflow_id in getattr(self, "seen", {}):
            numbers = [entry.number for entry in self.world.journal(workflow_id)]
            assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def states_follow_their_tables(self) -> None:
        if not hasattr(self, "key"):
            return
        for summary in self.world.backend.list_workflows(WorkflowQuery(name="order", key=self.key)).workflows:
            before = self.seen.get(summary.id, WorkflowState.RUNNING)
            assert before is summary.state or reachable(before, summary.state)
            self.seen[summary.id] = summary.state

    @invariant()
    def one_generation_is_open(self) -> None:
        open_ones = [state for state in getattr(self, "seen", {}).values() if state in OPEN_WORKFLOW_STATES]
        assert len(open_ones) <= 1

    @invariant()
    def each_step_has_one_attempt_at_work(self) -> None:
        for workflow_id in getattr(self, "seen", {}):
            for step in self.world.backend.get_workflow(workflow_id).steps:
                at_work = [attempt for attempt in step.attempts if attempt.state in OPEN_STEP_STATES]
                assert len(at_work) <= 1
                assert [attempt.number for attempt in step.attempts] == list(range(1, len(step.attempts) + 1))
                assert (step.state in OPEN_STEP_STATES) is bool(at_work)

    @invariant()
    def nothing_is_done_twice_that_nobody_has_cleared(self) -> None:
        for workflow_id in getattr(self, "seen", {}):
            for step in self.world.backend.get_workflow(workflow_id).steps:
                assert step.round <= 1 + self.tries.clears.get(step.name, 0)

    @invariant()
    def what_is_undone_was_done_before_and_is_undone_once_newest_first(self) -> None:
        for workflow_id in getattr(self, "seen", {}):
            ended: dict[Round, int] = {}
            known: dict[Round, dict[Round, int]] = {}
            undone: list[Round] = []
            newest: dict[str, object] = {}
            for entry in self.world.journal(workflow_id):
                kind, step = entry.kind.value, str(entry.step)
                if kind == "step.began":
                    newest[step] = entry.data["round"]
                of_round = (step, entry.data.get("round", newest.get(step)))
                if kind in ("step.succeeded", "step.failed", "step.began", "step.waiting"):
                    ended[of_round] = entry.number
                elif kind == "compensation.began":
                    # What a lost attempt reports during other undos did not count when those were chosen.
                    known.setdefault(of_round, dict(ended))
                elif kind == "compensation.done":
                    undone.append(of_round)
            assert len(set(undone)) == len(undone)
            for place, of_round in enumerate(undone):
                assert all(known[of_round][later] <= known[of_round][of_round] for later in undone[place:])

    @invariant()
    def a_cancelled_workflow_left_nothing_armed(self) -> None:
        for workflow_id, state in getattr(self, "seen", {}).items():
            if state is WorkflowState.CANCELLED:
                for step in self.world.backend.get_workflow(workflow_id).steps:
                    for compensation in step.compensations:
                        assert compensation.state not in (CompensationState.ARMED, CompensationState.RUNNING)

    @invariant()
    def a_compensated_workflow_left_nothing_armed(self) -> None:
        for workflow_id, state in getattr(self, "seen", {}).items():
            if state is not WorkflowState.COMPENSATED:
                continue
            for step in self.world.backend.get_workflow(workflow_id).steps:
                for compensation in step.compensations:
                    attempts = [attempt for attempt in step.attempts if attempt.round == compensation.round]
                    skipped_itself = attempts[-1].state is StepState.SKIPPED
                    kept = CompensationState.NOT_NEEDED if skipped_itself else CompensationState.DONE
                    assert compensation.state is kept


def reachable(state: WorkflowState, target: WorkflowState) -> bool:
    """Whether one rule can lead there: a failure passes through no state that is visible in between."""
    return may_become(state, target) or any(
        may_become(state, between) and may_become(between, target) for between in WorkflowState
    )
