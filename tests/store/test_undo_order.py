"""The order of an undo in SQL is the domain's, and finding the next one costs the same however many there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, insert

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen, Compensation, compensation_order
from airflow_wfstate.store.compensation.pending import next_compensation, pending_compensations
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.steps.undo_order import count_to_undo, give_positions, has_something_to_undo
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import BREAKS, Saga
from tests.support.world import World

_COMPENSATIONS = st.lists(
    st.builds(
        Compensation,
        step_id=st.uuids(version=4).map(str),
        round=st.integers(1, 3),
        state=st.sampled_from(CompensationState),
        when=st.sampled_from(CompensateWhen),
        ended_entry=st.integers(0, 5),
        round_state=st.sampled_from([state for state in StepState if state is not StepState.COMPENSATED]),
    ),
    max_size=8,
    unique_by=lambda item: (item.step_id, item.round),
)


@given(compensations=_COMPENSATIONS, with_discarded=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_in_sql_is_the_domains(
    engine: Engine, compensations: list[Compensation], with_discarded: bool
) -> None:
    workflow_id = str(uuid4())
    with engine.connect() as connection:  # rolled back: nothing of it stays
        _store(connection, workflow_id, compensations)
        give_positions(connection, workflow_id)

        expected = [(item.ended_entry, item.step_id, item.round) for item in compensation_order(compensations)]
        assert _line(connection, workflow_id, skip_failed=False) == expected
        not_failed = [item for item in compensations if item.state is not CompensationState.FAILED]
        expected = [(item.ended_entry, item.step_id, item.round) for item in compensation_order(not_failed)]
        assert _line(connection, workflow_id, skip_failed=True) == expected

        counted = [
            replace(item, state=CompensationState.ARMED)
            if with_discarded and item.state is CompensationState.DISCARDED
            else item
            for item in compensations
        ]
        order = compensation_order(counted)
        assert count_to_undo(connection, workflow_id, with_discarded=with_discarded) == len(order)
        is_at_work = any(
            item.state is CompensationState.ARMED and item.round_state in (StepState.RUNNING, StepState.WAITING)
            for item in counted
            if item.state is not CompensationState.DISCARDED
        )
        assert has_something_to_undo(connection, workflow_id, with_discarded=with_discarded) >= bool(order)
        if not order and not is_at_work:
            assert not has_something_to_undo(connection, workflow_id, with_discarded=with_discarded)
        listed = pending_compensations(connection, workflow_id, with_discarded=with_discarded)
        assert [(item.step_id, item.round) for item in listed] == [(item.step_id, item.round) for item in order]


def _store(connection: Connection, workflow_id: str, compensations: list[Compensation]) -> None:
    """Only what the order depends on has a meaning here."""
    now = datetime.now(timezone.utc)
    steps = {item.step_id: item for item in compensations}
    for item in compensations:
        connection.execute(
            insert(schema.round_).values(step_id=item.step_id, number=item.round, state=item.round_state.value)
        )
        connection.execute(
            insert(schema.compensation).values(
                step_id=item.step_id,
                round=item.round,
                last_entry=item.ended_entry,
                workflow_id=workflow_id,
                state=item.state.value,
                handler="task:act",
                compensate_when=item.when.value,
                max_attempts=3,
                attempts=0,
                dag_id="intake",
                run_id="r",
            )
        )
    for step_id, item in steps.items():
        connection.execute(
            insert(schema.step).values(
                id=step_id,
                workflow_id=workflow_id,
                participant="intake",
                name=step_id,
                item_key="",
                state=item.round_state.value,
                round=item.round,
                attempt=1,
                pivot=False,
                started_at=now,
                updated_at=now,
            )
        )


def _line(connection: Connection, workflow_id: str, *, skip_failed: bool) -> list[tuple[int, str, int]]:
    found = []
    following = next_compensation(connection, workflow_id, skip_failed=skip_failed)
    while following is not None:
        place, _ = following
        found.append(place)
        following = next_compensation(connection, workflow_id, after=place, skip_failed=skip_failed)
    return found


def test_the_next_one_is_found_by_the_index(engine: Engine) -> None:
    workflow_id = str(uuid4())
    compensations = [
        Compensation(str(uuid4()), 1, CompensationState.ARMED, CompensateWhen.ATTEMPTED, number, StepState.SUCCEEDED)
        for number in range(300)
    ]
    statements: list[tuple[str, object]] = []
    with engine.connect() as connection:
        _store(connection, workflow_id, compensations)
        give_positions(connection, workflow_id)

        @event.listens_for(engine, "before_cursor_execute")
        def _(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            statements.append((statement, parameters))

        next_compensation(connection, workflow_id)
        ((statement, parameters),) = statements
        # Whether it can, whatever the planner knows about the rows of other tests.
        if engine.dialect.name == "postgresql":
            for other_way in ("sort", "seqscan", "bitmapscan"):
                connection.exec_driver_sql(f"SET LOCAL enable_{other_way} = off")
        explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    told = "\n".join(" ".join(map(str, row)) for row in plan)

    assert "wfstate_compensation_order" in told
    assert "Sort" not in told
    assert "TEMP B-TREE" not in told


def test_a_turn_and_its_end_take_as_many_statements_for_many_undos_as_for_few(engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    counts, statements = [], list[object]()
    event.listen(engine, "before_cursor_execute", lambda *_: statements.append(_))
    for width in (3, 30):
        saga = Saga.start(world)
        saga.done(*(f"s{number}" for number in range(width)))
        work = saga.fail().work
        assert work is not None
        world.backend.end_compensation(EndCompensation(work.compensation_key, succeeded=True))
        statements.clear()
        answer = world.backend.take_turn(TakeTurn(saga.relay, [BREAKS]))
        assert answer.decision is TurnDecision.COMPENSATE
        assert answer.work is not None
        counts.append(len(statements))
        statements.clear()
        world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
        counts.append(len(statements))

    assert counts == [6, 5, 6, 5]


def test_an_end_that_is_told_late_moves_its_undo(engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    saga = Saga.start(world)
    task, early = world.begin(saga.run_id, "early", compensation=CompensationDeclaration("task:early"))
    saga.done("middle", "last")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    answer = saga.fail()

    world.succeed(early)  # lost since the workflow came to rest, and now the newest of all

    assert saga.undo(answer) == ["last", "early", "middle"]
