"""Random stories over the store: whatever is tried, in any order, the rules of states and guarantees hold."""

from __future__ import annotations

import os
from typing import ClassVar, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import Engine, create_engine, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import IfExists
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import (
    OPEN_STEP_STATES,
    StepState,
    WorkflowState,
    may_become,
)
from airflow_wfstate.exceptions import Conflict
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.store.story_invariants import StoryInvariants, reachable
from tests.support.airflow_rows import AirflowRows
from tests.support.between import between_read_and_lock
from tests.support.task_tries import Place, TaskTries
from tests.support.world import World

STEPS: Final = "WFSTATE_STATE_MACHINE_STEPS"
"""How many steps all stories have together. For a long run use ``make state-machine``, or set this to 20000."""

DEFAULT_STEPS: Final = 1000
STEPS_OF_A_STORY: Final = 50

Round = tuple[str, object]
"""A step and the number of a round."""

PLACES = st.sampled_from([0, 0, 0, 1, 2])
"""Which run: usually the owner's, because stories of one run go deeper."""

SELDOM = st.sampled_from([True, False, False, False])
"""Whether something happens that ends a run, and with it most of what could follow."""

NAMES = st.sampled_from(["reserve", "charge", "ship"])


class OrderStory(StoryInvariants, RuleBasedStateMachine):
    """One key, its runs and steps, and everything that callers may do with them."""

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
        self.tries = TaskTries(self.world.rows)
        self.cleared: set[str] = set()

    def teardown(self) -> None:
        """Keep the story's workflows away from the sweeps of other stories."""
        with self.engine.begin() as connection:
            ended = update(schema.workflow).where(schema.workflow.c.id.in_(list(getattr(self, "seen", {}))))
            connection.execute(ended.values(state=WorkflowState.CANCELLED.value))

    @rule(if_exists=st.sampled_from([IfExists.ATTACH] * 3 + [IfExists.REJECT, IfExists.TERMINATE]))
    def start_again(self, if_exists: IfExists) -> None:
        if len(self.runs) >= 3:
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
            before = self.world.state(self.current)
            assert before in (WorkflowState.COMPENSATED, WorkflowState.CANCELLED)
            self.current = started.workflow.id

    @precondition(lambda self: self.begun >= 4)
    @rule(compensate=st.booleans(), really=SELDOM)
    def cancel(self, compensate: bool, really: bool) -> None:
        if not really:
            return
        before = self.world.backend.get_workflow(self.current)
        try:
            cancelled = self.world.backend.cancel_workflow(CancelWorkflow(self.current, compensate=compensate))
        except Conflict:
            assert before.summary.state in (WorkflowState.COMPENSATING, WorkflowState.COMPENSATION_FAILED)
            return
        after = self.world.backend.get_workflow(self.current)
        assert cancelled.changed is (after.summary.state is not before.summary.state)
        # Its steps may report what they did, also after the cancel.
        assert [step.state for step in after.steps] == [step.state for step in before.steps]

    @rule(target=attempts, name=NAMES, place=PLACES, undo=st.sampled_from([True, True, False]))
    def begin(self, name: str, place: int, undo: bool) -> object:
        """The running try of a task begins its step: the first one, or one that follows a clear or a death."""
        task = self.tries.running(self._place(place, name))
        return multiple() if task is None else self._begin(task, self._place(place, name), undo)

    @rule(place=PLACES, fails=st.sampled_from([False, False, False, True]), leaves=SELDOM)
    def work(self, place: int, fails: bool, leaves: bool) -> None:
        """The next tasks of a run do their steps, as most of them do."""
        for name in ("reserve", "charge", "ship"):
            where = self._place(place, name)
            task = self.tries.running(where)
            if task is None:
                continue
            done = self._begin(task, where, undo=True)
            if isinstance(done, tuple):
                is_last = fails and name == "charge"
                if is_last:
                    self.world.fail(done[1], write=7)
                else:
                    self.world.succeed(done[1], name, write=7)
                self.tries.end(task, "failed" if is_last else "success")
            if leaves or fails:
                return

    def _begin(self, task: str, place: Place, undo: bool) -> object:
        compensation = CompensationDeclaration(f"task:{place[1]}", max_attempts=2) if undo else None
        asked = self._asks_to_run_again(place)
        try:
            begun = self.world.begin_as(task, place[1], compensation=compensation)
        except Conflict:
            self.tries.end(task, "failed")
            return multiple()
        if begun.decision is BeginDecision.RUN:
            self.begun += 1
            return (task, begun)
        assert not asked, "somebody has cleared the task that did it, and it was not run again"
        if begun.decision is not BeginDecision.BUSY:
            self.tries.end(task, "success")
        return multiple()

    def _asks_to_run_again(self, place: Place) -> bool:
        """Whether the newest round of the step was done by a try of this very task that was cleared since."""
        for workflow_id in self.seen:
            detail = self.world.backend.get_workflow(workflow_id)
            if not any(run.run_id == place[0] and run.role is not RunRole.GUEST for run in detail.runs):
                continue
            for step in detail.steps:
                newest = step.attempts[-1]
                if (newest.run_id, newest.task_id) == place and step.state is StepState.SUCCEEDED:
                    return newest.task_instance_id in self.cleared
        return False

    @rule(name=NAMES, place=PLACES)
    def clear_a_task(self, name: str, place: int) -> None:
        self._clear(self._place(place, name))

    @rule(place=PLACES)
    def clear_a_run(self, place: int) -> None:
        for name in ("reserve", "charge", "ship"):
            self._clear(self._place(place, name))

    def _clear(self, place: Place) -> None:
        state = self.tries.ended(place)
        if state is not None:
            if state == "success":
                self.cleared.add(self.tries.now[place])
            self.tries.clear(place, state)

    @rule(name=NAMES, place=PLACES)
    def a_try_dies_before_its_begin(self, name: str, place: int) -> None:
        where = self._place(place, name)
        task = self.tries.running(where)
        if task is not None and task not in self._holders():
            self.tries.retry(where)

    @rule(name=NAMES, place=PLACES, state=st.sampled_from(["success", "success", "failed"]))
    def mark_a_task_by_hand(self, name: str, place: int, state: str) -> None:
        self._mark(self._place(place, name), state)

    def _mark(self, place: Place, state: str) -> None:
        task = self.tries.now.get(place)
        if task is not None and self.world.rows.task_state(task) in ("running", "failed"):
            self.world.rows.mark_task(task, state)

    @precondition(lambda self: self.begun >= 4)
    @rule(place=PLACES, state=st.sampled_from(["success", "failed"]), really=SELDOM)
    def mark_a_run_by_hand(self, place: int, state: str, really: bool) -> None:
        if really:
            self.tries.mark_run(self.runs[place % len(self.runs)], state)

    @precondition(lambda self: self.begun >= 2)
    @rule(place=PLACES, fails=st.booleans(), skips=st.booleans())
    def a_run_ends(self, place: int, fails: bool, skips: bool) -> None:
        """As Airflow sets it: also as a success over a task that failed, as with ``fail_fast``."""
        run_id = self.runs[place % len(self.runs)]
        if not self.tries.all_over(run_id) or run_id in self.tries.runs_over:
            return
        if skips and self.world.rows.find_task("intake", run_id, "end") is None:
            operator = "CompleteWorkflowOperator"
            self.world.rows.add_task("intake", run_id, "end", state="skipped", operator=operator)
        self.tries.end_run(run_id, "failed" if fails else "success")

    @rule(
        meanwhile=st.sampled_from(["nothing", "nothing", "clear", "mark", "end"]),
        name=NAMES,
        place=PLACES,
    )
    def sweep(self, meanwhile: str, name: str, place: int) -> None:
        """A pass in which something happens between reading the workflow and locking it."""
        where = self._place(place, name)

        def happens() -> None:
            if meanwhile == "clear":
                self._clear(where)
                task = self.tries.now.get(where)
                if task is not None and self.world.rows.task_state(task) == "running":
                    self._begin(task, where, undo=True)
            elif meanwhile == "mark":
                self._mark(where, "success")
            elif meanwhile == "end" and where in self.tries.now:
                self.tries.end(self.tries.now[where], "failed")

        before = self.world.state(self.current)
        with between_read_and_lock(self.current, happens):
            sweep(self.engine)
        self._check_that_no_step_is_open_below_a_success(before)
        if meanwhile == "nothing":
            self._check_that_nobody_is_forgotten()

    def _check_that_no_step_is_open_below_a_success(self, before: WorkflowState) -> None:
        after = self.world.backend.get_workflow(self.current)
        if before is not WorkflowState.SUCCEEDED and after.summary.state is WorkflowState.SUCCEEDED:
            assert not [step for step in after.steps if step.state in OPEN_STEP_STATES]

    def _check_that_nobody_is_forgotten(self) -> None:
        """A workflow that is open although everything that could end it is over is flagged."""
        detail = self.world.backend.get_workflow(self.current)
        deciding = [run.state for run in detail.runs if run.role is not RunRole.GUEST]
        at_work = [step for step in detail.steps if step.state in OPEN_STEP_STATES]
        if detail.summary.state in (WorkflowState.FAILED, WorkflowState.COMPENSATION_FAILED) or (
            detail.summary.state is WorkflowState.RUNNING
            and not at_work
            and all(state in ("success", "failed") for state in deciding)
        ):
            assert detail.summary.flags, (detail.summary.state, deciding)

    def _place(self, place: int, name: str) -> Place:
        return self.runs[place % len(self.runs)], name

    def _holders(self) -> set[str]:
        return {
            step.attempts[-1].task_instance_id
            for workflow_id in self.seen
            for step in self.world.backend.get_workflow(workflow_id).steps
        }

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
        if state is not StepState.WAITING and self.world.rows.task_state(attempt[0]) == "running":
            self.tries.end(attempt[0], {"succeeded": "success"}.get(state.value, state.value))

    @rule(name=NAMES, place=PLACES)
    def die_and_retry(self, name: str, place: int) -> None:
        where = self._place(place, name)
        if self.tries.running(where) is not None:
            self.tries.retry(where)

    @rule(attempt=attempts)
    def die_for_good(self, attempt: tuple[str, BegunStep]) -> None:
        if self.world.rows.task_state(attempt[0]) == "running":
            self.tries.end(attempt[0], "failed")

    @precondition(lambda self: self.begun >= 4)
    @rule()
    def complete(self) -> None:
        if self.runs[0] in self.tries.runs_over:
            return
        task = self.world.rows.add_task("intake", self.runs[0], self.world.unique("complete"))
        try:
            self.world.backend.complete_workflow(CompleteWorkflow(task, Payload.of("done")))
        except Conflict:
            return

    @precondition(lambda self: self.begun >= 3)
    @rule(place=PLACES, failed=st.booleans(), works=st.sampled_from([True, True, True, False]))
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


def test_the_rules_hold_in_every_story(migrated_sqlite_url: str) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    steps = int(os.environ.get(STEPS, DEFAULT_STEPS))
    OrderStory.engine = create_engine(migrated_sqlite_url)
    try:
        run_state_machine_as_test(
            OrderStory,
            settings=settings(
                max_examples=max(1, steps // STEPS_OF_A_STORY),
                stateful_step_count=STEPS_OF_A_STORY,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
                database=None,
            ),
        )
    finally:
        OrderStory.engine.dispose()


@pytest.mark.parametrize("state", list(WorkflowState))
def test_reachable_agrees_with_the_table_in_one_step(state: WorkflowState) -> None:
    for target in WorkflowState:
        if may_become(state, target):
            assert reachable(state, target)
