"""Random stories of services that are asked to undo their steps, beside a DAG: whatever arrives, in any order."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Engine, create_engine, select, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import WorkflowStateError
from airflow_wfstate.store.database import outbox_tables, schema
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.store.story_invariants import reachable
from tests.support.airflow_rows import AirflowRows
from tests.support.services import Shop
from tests.support.undo_requests import UndoRequests, undo_requests
from tests.support.world import World

STORIES: Final = 14
STEPS: Final = 25

TYPES: Final = {
    "payments": ["authorised", "captured", "captured", "declined", "refunded", "refunded"],
    "carrier": ["collected", "delivered", "delivered", "refused", "returned", "returned"],
}
EVENTS = st.sampled_from([(service, type_) for service, types in TYPES.items() for type_ in types])
SELDOM = st.sampled_from([True, False, False, False])
KEY: Final = "1"


class UndoStory(RuleBasedStateMachine):
    """An order of a DAG and two services, and everything that may happen to it."""

    engine: ClassVar[Engine]

    @initialize(policy=st.sampled_from(["stop", "continue"]))
    def begin_the_story(self, policy: str) -> None:
        self.world = World(DatabaseBackend(self.engine), AirflowRows(self.engine))
        plan = ["payments.capture", "carrier.deliver", "intake.pack"]
        self.shop = Shop(self.world.backend, plan=plan, on_failure="compensate", within="PT1H")
        self.shop.more = {"on_compensation_error": policy}
        self.shop.apply()
        self.opened = undo_requests(self.world, self.shop, *TYPES)
        self.requests: UndoRequests = self.opened.__enter__()
        self.run_id = self.world.rows.add_run("intake")
        self.id = self.world.start(self.run_id, name=self.shop.name, key=KEY).workflow.id
        self.relay_id = self.world.rows.add_task("intake", self.run_id, "compensate")
        self.state = WorkflowState.RUNNING
        self.ids: set[str] = set()
        self.steps = 0

    def teardown(self) -> None:
        """Keep the story's workflow away from the sweeps of other stories."""
        if hasattr(self, "opened"):
            with self.engine.begin() as connection:
                its_row = update(schema.workflow).where(schema.workflow.c.id == self.id)
                connection.execute(its_row.values(state=WorkflowState.CANCELLED.value))
            self.opened.__exit__(None, None, None)

    @rule(event=EVENTS, answers=st.integers(0, 3))
    def an_event(self, event: tuple[str, str], answers: int) -> None:
        """With the id of a request that was once made, or without."""
        self.ids |= {row.event_id for service in TYPES for row in self.requests.waiting(service)}
        known = sorted(self.ids)
        cause = {"causationid": known[answers]} if answers < len(known) else {}
        self.shop.send(self.shop.event(*event, KEY, **cause))

    @rule()
    def a_step_of_the_dag(self) -> None:
        self.steps += 1
        try:
            _, begun = self.world.begin(
                self.run_id, f"pack{self.steps}", compensation=CompensationDeclaration("task:pack")
            )
            self.world.succeed(begun)
        except WorkflowStateError:
            return

    @rule(compensate=st.booleans(), really=SELDOM)
    def cancel(self, compensate: bool, really: bool) -> None:
        self._try(really, lambda: self.world.backend.cancel_workflow(CancelWorkflow(self.id, compensate=compensate)))

    @rule()
    def undo(self) -> None:
        self._try(True, lambda: self.world.backend.compensate_workflow(CompensateWorkflow(self.id)))

    @rule(
        step=st.sampled_from(["payments.capture", "carrier.deliver"]),
        decision=st.sampled_from(Decision),
        round_=st.integers(1, 2),
    )
    def decide(self, step: str, decision: Decision, round_: int) -> None:
        request = DecideCompensation(self.id, step, decision, "we have looked", round=round_)
        self._try(True, lambda: self.world.backend.decide_compensation(request))

    @rule(works=st.booleans())
    def relay(self, works: bool) -> None:
        answer = self.world.backend.take_turn(TakeTurn(self.relay_id, []))
        if answer.decision is TurnDecision.COMPENSATE and answer.work is not None:
            error = None if works else "stuck"
            self.world.backend.end_compensation(EndCompensation(answer.work.compensation_key, works, error))

    @rule()
    def time_passes(self) -> None:
        self.requests.time_passes(KEY)

    @rule()
    def sweep(self) -> None:
        sweep(self.engine)

    @rule(service=st.sampled_from(sorted(TYPES)))
    def requests_are_accepted(self, service: str) -> None:
        self.ids |= {row.event_id for row in self.requests.waiting(service)}
        outgoing = outbox_tables.outgoing_event
        with self.engine.begin() as connection:
            connection.execute(
                outgoing.delete().where(outgoing.c.subscription_id == self.requests.subscriptions[service])
            )

    def _try(self, really: bool, act: Any) -> None:
        if really:
            try:
                act()
            except WorkflowStateError:
                return

    @invariant()
    def the_rules_hold(self) -> None:
        if not hasattr(self, "id"):
            return
        journal = self.world.journal(self.id)
        assert [entry.number for entry in journal] == list(range(1, len(journal) + 1))
        state = self.world.backend.get_workflow(self.id).summary.state
        assert state is self.state or reachable(self.state, state), (self.state, state)
        self.state = state
        done = [(entry.step_id, entry.data["round"]) for entry in journal if entry.kind.value == "compensation.done"]
        done = [of_round for of_round in done if None not in of_round]
        assert len(set(done)) == len(done), "an undo is done once"
        compensation = schema.compensation
        with self.engine.connect() as connection:
            rows = connection.execute(select(compensation).where(compensation.c.workflow_id == self.id)).all()
            waiting = connection.execute(
                select(outbox_tables.outgoing_event.c.event_id).where(
                    outbox_tables.outgoing_event.c.workflow_id == self.id
                )
            ).scalars()
            waiting_ids = set(waiting)
        at_work = [row for row in rows if row.state == "running" and row.ended_at is None]
        ended_at = max((e.number for e in journal if e.kind.value == "workflow.compensated"), default=0)
        if state is WorkflowState.COMPENSATING:
            assert len(at_work) <= 1, "one after the other"
        if state is WorkflowState.COMPENSATED:
            open_ones = [row for row in rows if row.state in ("armed", "running", "failed")]
            assert all(row.last_entry > ended_at and row.state != "armed" for row in open_ones), open_ones
        if state is WorkflowState.CANCELLED:
            assert not [row for row in rows if row.state in ("armed", "running")]
            assert not waiting_ids
        for row in rows:
            is_asked = row.state == "running" and row.ended_at is None and row.run_id == ""
            assert (row.answer_due_at is not None) is is_asked
            if row.state in ("done", "skipped", "discarded", "armed"):
                assert f"{row.step_id}-{row.round}-compensation" not in waiting_ids, row.state


def test_the_rules_of_undo_hold_in_every_story(migrated_sqlite_url: str) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    UndoStory.engine = create_engine(migrated_sqlite_url)
    try:
        run_state_machine_as_test(
            UndoStory,
            settings=settings(
                max_examples=STORIES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
                database=None,
            ),
        )
    finally:
        UndoStory.engine.dispose()
