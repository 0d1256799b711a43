"""The sweep: one idempotent pass over everything that nobody reports, under a lease.

It marks lost attempts, fails workflows whose deciding runs failed, closes implicit workflows that ended well, acts on
deadlines, applies events that waited for their workflow, gives turns and sets flags. Once a day it removes payload
files without a row. Each workflow has its own transaction; if one fails, that is logged and left to the next pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine, Select, exists, select

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.sweep_report import SweepReport
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.compensation.failed_by_hand import fail_as_marked, perhaps_marked_failed
from airflow_wfstate.store.compensation.failure import fail_workflow
from airflow_wfstate.store.compensation.late_undo import fail_overdue_answers, with_overdue_answers
from airflow_wfstate.store.compensation.patience import hold_when_not_at_rest, hold_when_turn_is_not_taken
from airflow_wfstate.store.compensation.relay_clear import clear_waiting_relays
from airflow_wfstate.store.compensation.rest import come_to_rest, settle_cancelled
from airflow_wfstate.store.compensation.take_turn import give_turn
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.identity import BEFORE_ALL_IDS
from airflow_wfstate.store.database.lease import Lease, LeaseLost, held
from airflow_wfstate.store.database.transaction import Unchanged, run_read, run_transaction
from airflow_wfstate.store.events.dead_letter import expire_parked
from airflow_wfstate.store.events.end_of_choreography import complete_if_done, with_steps_of_guests
from airflow_wfstate.store.events.waiting import apply_waiting
from airflow_wfstate.store.payloads.orphan_files import remove_orphan_files
from airflow_wfstate.store.steps.accepted import unaccepted_failed_run
from airflow_wfstate.store.sweeping.deadline import act_upon_deadline, past_deadline
from airflow_wfstate.store.sweeping.ended_workflows import (
    continue_as_marked,
    end_workflow,
    with_ended_runs,
    with_runs_marked_after_failure,
)
from airflow_wfstate.store.sweeping.flags import refresh_flags
from airflow_wfstate.store.sweeping.unreported_ends import record_unreported_ends, with_unreported_ends
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.deciding_runs import HAS_FAILED, deciding_runs

log = logging.getLogger(__name__)

_LIMIT: Final = 500
_SWEEP: Final = "sweep"
_TURNS: Final = "turns"
"""The lease of a whole pass, and that of the turns given between two passes."""

_LATELY: Final = timedelta(minutes=10)
"""A compensation without progress for this long is waiting for an operator, or for something outside."""
_workflow, _run, _step, _compensation = schema.workflow, schema.run, schema.step, schema.compensation


def sweep(engine: Engine) -> SweepReport:
    """Make one pass, unless another process is doing so."""
    with held(engine, _SWEEP) as lease:
        if lease is None:
            return SweepReport(swept=False)
        try:
            return _Pass(engine, lease).make()
        except LeaseLost as error:
            log.warning("%s The sweep ends here; its changes so far are kept.", error)
            return SweepReport(swept=False)


def sweep_if_due(engine: Engine) -> SweepReport:
    """Make a pass if the last one is older than ``[wfstate] sweep_interval_seconds``; otherwise only give turns.

    However many processes call this, only one gives turns every ``[wfstate] turn_interval_seconds``.
    """
    if run_read(engine, _is_due):
        return sweep(engine)
    if not is_compensating(engine):  # a look costs less than a lease, and every process looks after each request
        return SweepReport(swept=False)
    with held(engine, _TURNS, rest=conf.turn_interval()) as lease:
        if lease is None:
            return SweepReport(swept=False)
        try:
            turns = _Pass(engine, lease).give_turns()
        except LeaseLost:
            return SweepReport(swept=False)
        return SweepReport(swept=False, turns=turns, relays=clear_waiting_relays(engine))


def is_compensating(engine: Engine) -> bool:
    """Whether a compensation is in progress, and has advanced within the last ten minutes."""

    def read(connection: Connection) -> bool:
        now: datetime = connection.execute(select(database_now())).scalar_one()
        compensating = _workflow.c.state == WorkflowState.COMPENSATING.value
        found = connection.execute(
            select(_workflow.c.id).where(compensating, _workflow.c.updated_at > now - _LATELY).limit(1)
        )
        return found.one_or_none() is not None

    return run_read(engine, read)


def _finish(connection: Connection) -> None:
    values = {"finished_at": database_now()}
    connection.execute(
        conflict_insert(connection.dialect.name, schema.sweep)
        .values(id=1, **values)
        .on_conflict_do_update(index_elements=[schema.sweep.c.id], set_=values)
    )


def _is_due(connection: Connection) -> bool:
    finished_at = last_sweep_at(connection)
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return finished_at is None or now - finished_at >= conf.sweep_interval()


def last_sweep_at(connection: Connection) -> datetime | None:
    """When the last complete pass ended; None when there was none."""
    finished_at: datetime | None = connection.execute(select(schema.sweep.c.finished_at)).scalar_one_or_none()
    return finished_at


class _Pass:
    """The parts of a pass, which run as long as it holds its lease.

    :raises LeaseLost: from every method, when the lease could not be renewed.
    """

    def __init__(self, engine: Engine, lease: Lease) -> None:
        self._engine = engine
        self._lease = lease

    def make(self) -> SweepReport:
        """Run all parts."""
        report = SweepReport(
            swept=True,
            lost=self._each(with_unreported_ends(), record_unreported_ends),
            failed=self._each(_with_failed_run(), _fail) + self._each(perhaps_marked_failed(), fail_as_marked),
            succeeded=self._end_ended(),
            deadlines=self._each(past_deadline(), act_upon_deadline),
            events=apply_waiting(self._engine),
            turns=self.give_turns(),
            relays=clear_waiting_relays(self._engine),
            flagged=refresh_flags(self._engine, self._lease),
        )
        expire_parked(self._engine)
        settle_cancelled(self._engine)
        run_transaction(self._engine, _finish)
        return replace(report, files=remove_orphan_files(self._engine))

    def give_turns(self) -> int:
        """Ensure that somebody has the turn in each workflow being undone; return how many were changed."""
        late = self._each(with_overdue_answers(), fail_overdue_answers)
        return late + self._each(_to_be_given_turns(), _give_turn)

    def _end_ended(self) -> int:
        self._each(with_runs_marked_after_failure(), continue_as_marked)
        return self._each(with_ended_runs(), _complete) + self._each(with_steps_of_guests(), complete_if_done)

    def _each(self, found: Select[tuple[str]], act: Callable[[Connection, Change], None]) -> int:
        """Lock each workflow found and act on it; return how many were changed.

        Goes through all of them, a page at a time: those that cannot be changed now do not keep the others waiting.
        """
        changed, after = 0, BEFORE_ALL_IDS
        while True:
            page = found.where(_workflow.c.id > after).order_by(_workflow.c.id).limit(_LIMIT)
            workflow_ids = run_read(self._engine, partial(_ids, page))
            for workflow_id in workflow_ids:
                self._lease.check()
                try:
                    changed += run_transaction(self._engine, partial(_change_one, workflow_id, act, found))
                except Exception:
                    log.exception("The sweep could not change workflow %s; the next pass retries.", workflow_id)
            if len(workflow_ids) < _LIMIT:
                return changed
            after = workflow_ids[-1]


def _ids(page: Select[tuple[str]], connection: Connection) -> list[str]:
    return [row.id for row in connection.execute(page)]


def _change_one(
    workflow_id: str, act: Callable[[Connection, Change], None], found: Select[tuple[str]], connection: Connection
) -> bool | Unchanged[bool]:
    """Lock the workflow, and act if it still matches: anything may have happened since it was found."""
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


def _to_be_given_turns() -> Select[tuple[str]]:
    """Workflows being undone, except those that wait for a service: its answer, or its deadline, continues them."""
    awaited = select(_compensation.c.workflow_id).where(_compensation.c.answer_due_at > database_now())
    return _in_state(WorkflowState.COMPENSATING).where(_workflow.c.id.not_in(awaited))


def _complete(connection: Connection, change: Change) -> None:
    end_workflow(connection, change)


def _with_failed_run() -> Select[tuple[str]]:
    return _in_state(WorkflowState.RUNNING).where(exists(deciding_runs(_run.c.run_id).where(HAS_FAILED)))


def _fail(connection: Connection, change: Change) -> None:
    run = unaccepted_failed_run(connection, change.workflow_id)
    if run is not None:
        fail_workflow(connection, change, run.dag_id, run.run_id)


def _give_turn(connection: Connection, change: Change) -> None:
    if not come_to_rest(connection, change):
        hold_when_not_at_rest(connection, change)
        return
    change.write_so_far()
    give_turn(connection, change)
    hold_when_turn_is_not_taken(connection, change)
