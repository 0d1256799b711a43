"""Random stories over the store: whatever is tried in whatever order, the rules of DESIGN sections 3 and 4 hold."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.cancel import CancelWorkflow
from airflow_wfstate.domain.compensation import CompensationDeclaration, EndCompensation, TakeTurn, TurnDecision
from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.domain.states import (
    OPEN_STEP_STATES,
    OPEN_WORKFLOW_STATES,
    CompensationState,
    StepState,
    WorkflowState,
    may_become,
)
from airflow_wfstate.domain.step import BeginDecision, BegunStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.workflow import CompleteWorkflow, IfExists, RunRole, WorkflowQuery
from airflow_wfstate.exceptions import Conflict
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

NAMES = st.sampled_from(["reserve", "charge", "ship"])


class OrderStory(RuleBasedStateMachine):
    """One key, its runs and steps, and everything that callers may do to them."""

    engine: ClassVar[Engine]
    attempts = Bundle("attempts")

    @initialize()
    def begin_the_story(self) -> None:
        self.world = World(DatabaseBackend(self.engine), AirflowRows(self.engine))
        self.key = self.world.unique("key")
        self.runs = [self.world.rows.add_run("intake")]
        self.current = self.world.start(self.runs[0], key=self.key, participants=["intake"]).workflow.id
        self.seen: dict[str, WorkflowState] = {self.current: WorkflowState.RUNNING}
        self.relays: dict[str, str] = {}
        self.begun = 0

    @rule(if_exists=st.sampled_from([IfExists.ATTACH] * 3 + [IfExists.REJECT, IfExists.TERMINATE]))
    def start_again(self, if_exists: IfExists) -> None:
        if len(self.runs) >= 5:
            return
        run_id = self.world.rows.add_run("intake")
        try:
            started = self.world.start(run_id, key=self.key, if_exists=if_exists, participants=["intake"])
        except Conflict:
            return
        if started.busy:
            assert started.workflow.state is WorkflowState.COMPENSATING
            return
        self.runs.append(run_id)
        if started.role is RunRole.OWNER:
            before = self.world.backend.get_workflow(self.current).summary.state
            assert before in (WorkflowState.COMPENSATED, WorkflowState.CANCELLED)
            self.current = started.workflow.id

    @precondition(lambda self: self.begun >= 4)
    @rule(compensate=st.booleans())
    def cancel(self, compensate: bool) -> None:
        before = self.world.backend.get_workflow(self.current)
        try:
            cancelled = self.world.backend.cancel_workflow(CancelWorkflow(self.current, compensate=compensate))
        except Conflict:
            assert before.summary.state in (WorkflowState.COMPENSATING, WorkflowState.COMPENSATION_FAILED)
            return
        after = self.world.backend.get_workflow(self.current)
        assert cancelled.changed is (after.summary.state is not before.summary.state)
        # What its steps did is theirs to tell, also after the cancel.
        assert [step.state for step in after.steps] == [step.state for step in before.steps]

    @rule(target=attempts, name=NAMES, place=st.integers(0, 4), undo=st.sampled_from([True, True, False]))
    def begin(self, name: str, place: int, undo: bool) -> object:
        run_id = self.runs[place % len(self.runs)]
        compensation = CompensationDeclaration(f"task:{name}", max_attempts=2) if undo else None
        try:
            task, begun = self.world.begin(run_id, name, compensation=compensation)
        except Conflict:
            return multiple()
        if begun.decision is BeginDecision.RUN:
            self.begun += 1
            return (task, begun)
        self.world.rows.set_task_state(task, "success")
        return multiple()

    @rule(attempt=attempts, write=st.integers(1, 5))
    def checkpoint(self, attempt: tuple[str, BegunStep], write: int) -> None:
        try:
            self.world.backend.save_checkpoint(SaveCheckpoint(attempt[1].attempt_key, write, "row", Payload.of(write)))
        except Conflict:
            return

    @rule(
        attempt=attempts,
        state=st.sampled_from([StepState.SUCCEEDED] * 3 + [StepState.FAILED, StepState.SKIPPED, StepState.WAITING]),
        write=st.integers(1, 9),
    )
    def end(self, attempt: tuple[str, BegunStep], state: StepState, write: int) -> None:
        output = Payload.of(write) if state is StepState.SUCCEEDED else None
        error = "broken" if state is StepState.FAILED else None
        request = EndAttempt(attempt[1].attempt_key, write, state, output=output, error=error)
        try:
            first = self.world.backend.end_attempt(request)
        except Conflict:
            return
        before = self.world.journal(attempt[1].workflow.id)
        assert self.world.backend.end_attempt(request) == first
        assert self.world.journal(attempt[1].workflow.id) == before
        if state is not StepState.WAITING:
            task_state = {"succeeded": "success"}.get(state.value, state.value)
            self.world.rows.set_task_state(attempt[0], task_state, ended_ago=timedelta(minutes=5))

    @rule(target=attempts, attempt=consumes(attempts), name=NAMES)
    def die_and_retry(self, attempt: tuple[str, BegunStep], name: str) -> object:
        try:
            task = self.world.rows.next_try(attempt[0])
        except LookupError:
            return multiple()
        try:
            begun = self.world.begin_as(task, name)
        except Conflict:
            return multiple()
        return (task, begun) if begun.decision is BeginDecision.RUN else multiple()

    @rule(attempt=attempts)
    def die_for_good(self, attempt: tuple[str, BegunStep]) -> None:
        self.world.rows.set_task_state(attempt[0], "failed", ended_ago=timedelta(minutes=5))

    @precondition(lambda self: self.begun >= 4)
    @rule()
    def complete(self) -> None:
        task = self.world.rows.add_task("intake", self.runs[0], self.world.unique("complete"))
        try:
            self.world.backend.complete_workflow(CompleteWorkflow(task, Payload.of("done")))
        except Conflict:
            return

    @precondition(lambda self: self.begun >= 3)
    @rule(place=st.integers(0, 4), failed=st.booleans(), works=st.sampled_from([True, True, True, False]))
    def relay(self, place: int, failed: bool, works: bool) -> None:
        run_id = self.runs[place % len(self.runs)]
        leaf = self.world.unique("leaf")
        self.world.rows.add_task("intake", run_id, leaf, state="failed" if failed else "success")
        if run_id not in self.relays:
            self.relays[run_id] = self.world.rows.add_task("intake", run_id, "compensate")
        answer = self.world.backend.take_turn(TakeTurn(self.relays[run_id], [leaf]))
        if answer.decision is TurnDecision.COMPENSATE:
            assert answer.work is not None
            self.world.backend.end_compensation(
                EndCompensation(answer.work.compensation_key, works, None if works else "stuck")
            )

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
            assert before is summary.state or _reachable(before, summary.state)
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
    def what_is_undone_was_done_before_and_is_undone_once_newest_first(self) -> None:
        for workflow_id in getattr(self, "seen", {}):
            ended: dict[str, int] = {}
            known: dict[str, dict[str, int]] = {}
            undone: list[str] = []
            for entry in self.world.journal(workflow_id):
                kind, step = entry.kind.value, str(entry.step)
                if kind in ("step.succeeded", "step.failed", "step.began", "step.waiting"):
                    ended[step] = entry.number
                elif kind == "compensation.began":
                    # What a lost attempt says later, when others are being undone, did not count when they were chosen.
                    known.setdefault(step, dict(ended))
                elif kind == "compensation.done":
                    undone.append(step)
            assert len(set(undone)) == len(undone)
            for place, step in enumerate(undone):
                assert all(known[step][later] <= known[step][step] for later in undone[place:])

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
                    assert compensation.state in (CompensationState.DONE, CompensationState.NOT_NEEDED)


def _reachable(state: WorkflowState, target: WorkflowState) -> bool:
    """Whether one rule can lead there: the failure passes through no state that is seen between."""
    return may_become(state, target) or any(
        may_become(state, between) and may_become(between, target) for between in WorkflowState
    )


def test_the_rules_hold_in_every_story(migrated_sqlite_url: str) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    OrderStory.engine = create_engine(migrated_sqlite_url)
    try:
        run_state_machine_as_test(
            OrderStory,
            settings=settings(
                max_examples=40,
                stateful_step_count=50,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            ),
        )
    finally:
        OrderStory.engine.dispose()


@pytest.mark.parametrize("state", list(WorkflowState))
def test_reachable_agrees_with_the_table_in_one_step(state: WorkflowState) -> None:
    for target in WorkflowState:
        if may_become(state, target):
            assert _reachable(state, target)
