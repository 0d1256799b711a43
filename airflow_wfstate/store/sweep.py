"""The sweep: one idempotent pass over what nobody reports, under a lease.

It marks lost attempts, fails workflows whose deciding runs failed, closes implicit workflows that ended well, acts upon
deadlines, gives turns and sets flags; once a day it removes files of payloads without a row. Each workflow is a
transaction of its own; one that fails is logged and left to the next pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine, Select, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_wfstate import conf
from airflow_wfstate.domain.states import WorkflowState
from airflow_wfstate.domain.sweep_report import SweepReport
from airflow_wfstate.store import schema
from airflow_wfstate.store.accepted_steps import unaccepted_failed_run
from airflow_wfstate.store.airflow_tables import dag_run
from airflow_wfstate.store.change import Change, lock_by_id
from airflow_wfstate.store.clock import database_now
from airflow_wfstate.store.compensation_patience import hold_when_not_at_rest, hold_when_turn_is_not_taken
from airflow_wfstate.store.deadline import act_upon_deadline, past_deadline
from airflow_wfstate.store.deciding_runs import DAG_RUN, DECIDES, HAS_FAILED
from airflow_wfstate.store.ended_workflows import (
    end_workflow,
    go_on_as_marked,
    with_ended_runs,
    with_runs_marked_after_failure,
)
from airflow_wfstate.store.failed_by_hand import fail_as_marked, perhaps_failed_by_hand
from airflow_wfstate.store.failure import fail_workflow
from airflow_wfstate.store.flags import refresh_flags
from airflow_wfstate.store.orphan_files import remove_orphan_files
from airflow_wfstate.store.relay_clear import clear_waiting_relays
from airflow_wfstate.store.rest import come_to_rest
from airflow_wfstate.store.take_turn import give_turn
from airflow_wfstate.store.transaction import Unchanged, run_read, run_transaction
from airflow_wfstate.store.unreported_ends import record_unreported_ends, with_unreported_ends

log = logging.getLogger(__name__)

_LIMIT: Final = 500
_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_LEASE: Final = timedelta(seconds=120)
_LATELY: Final = timedelta(minutes=10)
"""A compensation that has not gone on for so long waits for a person, or for something outside."""
_workflow, _run, _step = schema.workflow, schema.run, schema.step


def sweep(engine: Engine) -> SweepReport:
    """Make one pass, unless another holds the lease."""
    if not run_transaction(engine, _take_lease):
        return SweepReport(swept=False)
    report = SweepReport(
        swept=True,
        lost=_each(engine, with_unreported_ends(), record_unreported_ends),
        failed=_each(engine, _with_failed_run(), _fail) + _each(engine, perhaps_failed_by_hand(), fail_as_marked),
        succeeded=_end_ended(engine),
        deadlines=_each(engine, past_deadline(), act_upon_deadline),
        turns=_each(engine, _in_state(WorkflowState.COMPENSATING), _give_turn),
        relays=clear_waiting_relays(engine),
        flagged=refresh_flags(engine),
    )
    run_transaction(engine, _finish)
    return replace(report, files=remove_orphan_files(engine))


def sweep_if_due(engine: Engine) -> SweepReport:
    """Make a pass when the last one is older than ``[wfstate] sweep_interval_seconds``; else only give turns."""
    if run_read(engine, _is_due):
        return sweep(engine)
    return SweepReport(
        swept=False,
        turns=_each(engine, _in_state(WorkflowState.COMPENSATING), _give_turn),
        relays=clear_waiting_relays(engine),
    )


def is_compensating(engine: Engine) -> bool:
    """Whether a compensation is under way, and has gone on within the last ten minutes."""

    def read(connection: Connection) -> bool:
        now: datetime = connection.execute(select(database_now())).scalar_one()
        compensating = _workflow.c.state == WorkflowState.COMPENSATING.value
        found = connection.execute(
            select(_workflow.c.id).where(compensating, _workflow.c.updated_at > now - _LATELY).limit(1)
        )
        return found.one_or_none() is not None

    return run_read(engine, read)


def _take_lease(connection: Connection) -> bool:
    table = schema.sweep
    now = connection.execute(select(database_now())).scalar_one()
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(dialect_insert(table).values(id=1, leased_until=now).on_conflict_do_nothing())
    taken = connection.execute(
        update(table).where(table.c.id == 1, table.c.leased_until <= now).values(leased_until=now + _LEASE)
    )
    return taken.rowcount == 1


def _finish(connection: Connection) -> None:
    connection.execute(
        update(schema.sweep)
        .where(schema.sweep.c.id == 1)
        .values(leased_until=database_now(), finished_at=database_now())
    )


def _is_due(connection: Connection) -> bool:
    finished_at = last_sweep_at(connection)
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return finished_at is None or now - finished_at >= conf.sweep_interval()


def last_sweep_at(connection: Connection) -> datetime | None:
    """When the last complete pass ended; None when there was none."""
    finished_at: datetime | None = connection.execute(select(schema.sweep.c.finished_at)).scalar_one_or_none()
    return finished_at


def _each(engine: Engine, found: Select[tuple[str]], act: Callable[[Connection, Change], None]) -> int:
    """Lock each workflow that was found and act on it; how many were changed.

    All of them, a page at a time: those that cannot be changed now do not keep the others from their turn.
    """
    changed, after = 0, _FIRST
    while True:
        page = found.where(_workflow.c.id > after).order_by(_workflow.c.id).limit(_LIMIT)
        with engine.connect() as connection:
            workflow_ids: list[str] = [row.id for row in connection.execute(page)]
        for workflow_id in workflow_ids:
            try:
                changed += run_transaction(engine, partial(_change_one, workflow_id, act, found))
            except Exception:
                log.exception("The sweep could not change workflow %s; the next pass tries again.", workflow_id)
        if len(workflow_ids) < _LIMIT:
            return changed
        after = workflow_ids[-1]


def _change_one(
    workflow_id: str, act: Callable[[Connection, Change], None], found: Select[tuple[str]], connection: Connection
) -> bool | Unchanged[bool]:
    """Lock the workflow, and act if it is still what was looked for: between the two, anything may have happened."""
    change = lock_by_id(connection, workflow_id, actor="sweep")
    if change is None or connection.execute(found.where(_workflow.c.id == workflow_id)).first() is None:
        return Unchanged(False)
    act(connection, change)
    if change.is_empty:
        return Unchanged(False)
    change.write()
    return True


def _in_state(*states: WorkflowState) -> Select[tuple[str]]:
    return select(_workflow.c.id).where(_workflow.c.state.in_([state.value for state in states]))


def _end_ended(engine: Engine) -> int:
    _each(engine, with_runs_marked_after_failure(), go_on_as_marked)
    return _each(engine, with_ended_runs(), _complete)


def _complete(connection: Connection, change: Change) -> None:
    end_workflow(connection, change)


def _with_failed_run() -> Select[tuple[str]]:
    failed = (
        select(_run.c.run_id).join(dag_run, DAG_RUN).where(_run.c.workflow_id == _workflow.c.id, DECIDES, HAS_FAILED)
    )
    return _in_state(WorkflowState.RUNNING).where(exists(failed))


def _fail(connection: Connection, change: Change) -> None:
    run = unaccepted_failed_run(connection, change.workflow_id)
    if run is not None:
        fail_workflow(connection, change, run.dag_id, run.run_id)


def _give_turn(connection: Connection, change: Change) -> None:
    if not come_to_rest(connection, change):
        hold_when_not_at_rest(connection, change)
        return
    change.write()
    give_turn(connection, change)
    hold_when_turn_is_not_taken(connection, change)
