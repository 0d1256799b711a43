"""The turn: which relay runs the next compensation (DESIGN: "Compensation across DAGs: the relay").

Taking the turn, judging the run and giving up the turn happen in one transaction under the workflow's lock. However
many relays and sweeps ask at once, each compensation has exactly one runner.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, delete, select

from airflow_wfstate.domain.messages.compensation import CompensationWork, TakeTurn, TurnAnswer, TurnDecision
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState, predecessors
from airflow_wfstate.store.compensation.failed import fail_compensation
from airflow_wfstate.store.compensation.failed_by_hand import marked_as_failed
from airflow_wfstate.store.compensation.failure import fail_workflow
from airflow_wfstate.store.compensation.hold import compensation_error_policy, failed_for_good, hold, hold_reason
from airflow_wfstate.store.compensation.marked_relay import may_still_run
from airflow_wfstate.store.compensation.pending import (
    PendingCompensation,
    next_compensation,
    pending_compensations,
)
from airflow_wfstate.store.compensation.relay import NoRelay, Relay, find_relay
from airflow_wfstate.store.compensation.rest import come_to_rest
from airflow_wfstate.store.compensation.service_undo import undo_by_service
from airflow_wfstate.store.compensation.staying_steps import undo_counts
from airflow_wfstate.store.database import audit, schema
from airflow_wfstate.store.database.identity import compensation_idempotency_key, idempotency_key
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.runs.verdict import failed_leaf, is_finished
from airflow_wfstate.store.steps.accepted import who_accepted_run
from airflow_wfstate.store.steps.attempt_key import COMPENSATION, AttemptKey, issue
from airflow_wfstate.store.workflows.caller import Caller, check_task_instance_id, read_caller
from airflow_wfstate.store.workflows.change import Change, lock_by_task_instance
from airflow_wfstate.store.workflows.deciding_runs import has_unfinished_step

_ALL_UNDONE: Final = "Everything that declares a compensation is undone."
_NOTHING_TO_UNDO: Final = "nothing to undo"
_MAX_NAMED: Final = 20
"""How many compensations a hold reason names at most."""


def take_turn(connection: Connection, request: TakeTurn) -> TurnAnswer | Unchanged[TurnAnswer]:
    """Answer a relay, as described at ``StateBackend.take_turn``."""
    request = replace(request, task_instance_id=check_task_instance_id(request.task_instance_id))
    change = lock_by_task_instance(connection, request.task_instance_id, actor="")
    caller = read_caller(connection, request.task_instance_id)
    if change is None:
        return Unchanged(TurnAnswer(TurnDecision.NOTHING, None, "This run belongs to no workflow."))
    change.actor = caller.actor
    if caller.relay_task_id != caller.task_id:
        change.update(
            schema.run,
            where={"workflow_id": change.workflow_id, "dag_id": caller.dag_id, "run_id": caller.run_id},
            values={"relay_task_id": caller.task_id},
        )
    # A guest decides nothing, but its own relay undoes what it did for the workflow.
    if change.state is WorkflowState.RUNNING and caller.role is not RunRole.GUEST:
        _judge_run(connection, change, caller, request.leaf_task_ids)
    if change.state is WorkflowState.COMPENSATION_FAILED:
        answer = _answer(change, TurnDecision.HELD, hold_reason(connection, change))
    elif change.state is WorkflowState.COMPENSATED:  # perhaps by this relay, if its answer was lost
        answer = _answer(change, TurnDecision.FINISHED, _ALL_UNDONE)
    elif change.state is not WorkflowState.COMPENSATING:
        answer = _answer(change, TurnDecision.NOTHING, f"The workflow is {change.state.value}: nothing to undo.")
    elif not come_to_rest(connection, change):
        answer = _answer(
            change, TurnDecision.NOT_AT_REST, "A step is still open; its run's relay or the sweep continues later."
        )
    else:
        change.write_so_far()
        answer = _give_or_take(connection, change, caller)
    if change.is_empty:
        return Unchanged(answer)
    change.write()
    return answer


def _judge_run(connection: Connection, change: Change, caller: Caller, leaf_task_ids: list[str]) -> None:
    """Fail the workflow if the relay's run failed: by its leaves, or by a failed step above leaves that did not fail.

    A run that a person accepted does not count. If the audit table, which shows that, may not be read, Airflow's own
    verdict counts at once, and the sweep finds the rest.
    """
    leaf = failed_leaf(connection, caller.dag_id, caller.run_id, leaf_task_ids)
    is_readable = audit.is_readable(connection)
    if leaf is None and not (
        is_readable and has_unfinished_step(connection, change.workflow_id, caller.dag_id, caller.run_id)
    ):
        return
    if who_accepted_run(connection, caller.dag_id, caller.run_id) is None:
        run = (caller.dag_id, caller.run_id)
        person = audit.who_marked_run(connection, *run, "failed", since=None) if is_readable else None
        reason = None if person is None else marked_as_failed(*run, person)
        fail_workflow(connection, change, *run, reason=reason)


def give_turn(connection: Connection, change: Change) -> TurnAnswer:
    """Decide whose turn it is without a relay asking: the sweep does this for a workflow at rest."""
    return _give_or_take(connection, change, None)


def _give_or_take(connection: Connection, change: Change, caller: Caller | None) -> TurnAnswer:
    goes_on = compensation_error_policy(connection, change) is CompensationErrorPolicy.CONTINUE
    obstacles: dict[tuple[str, int], str] = {}
    found = next_compensation(connection, change.workflow_id, skip_failed=goes_on)
    while found is not None:
        place, pending = found
        answer = _next(connection, change, caller, pending)
        if isinstance(answer, TurnAnswer):
            return answer
        if not goes_on:
            return _hold(change, answer)
        obstacles[pending.step_id, pending.round] = answer
        found = next_compensation(connection, change.workflow_id, after=place, skip_failed=True)
    if goes_on and (reason := _why_all_wait(connection, change, obstacles)):
        return _hold(change, reason)
    connection.execute(delete(schema.turn).where(schema.turn.c.workflow_id == change.workflow_id))
    change.update(
        schema.compensation,
        where={"workflow_id": change.workflow_id, "state": CompensationState.ARMED.value},
        values={"state": CompensationState.NOT_NEEDED.value},
    )
    change.become(WorkflowState.COMPENSATED, ended_at=change.now, hold_reason=None)
    counts = undo_counts(connection, change.workflow_id)
    if _has_undone_something(connection, change.workflow_id):
        change.journal(EntryKind.WORKFLOW_COMPENSATED, data=counts)
        return _answer(change, TurnDecision.FINISHED, _ALL_UNDONE)
    change.journal(EntryKind.WORKFLOW_COMPENSATED, data={"outcome": _NOTHING_TO_UNDO, **counts})
    return _answer(change, TurnDecision.FINISHED, f"The workflow ends as compensated: {_NOTHING_TO_UNDO}.")


def _hold(change: Change, reason: str) -> TurnAnswer:
    hold(change, reason)
    return _answer(change, TurnDecision.HELD, reason)


def _why_all_wait(connection: Connection, change: Change, obstacles: dict[tuple[str, int], str]) -> str:
    """Return why each remaining compensation needs an operator, in their order; empty when none is left.

    :param obstacles: why those that have not failed cannot run, by step id and round.
    """
    left = pending_compensations(connection, change.workflow_id)
    reasons = [
        obstacles.get((item.step_id, item.round)) or failed_for_good(item.label, item.error)
        for item in left[:_MAX_NAMED]
    ]
    if len(left) > _MAX_NAMED:
        reasons.append(f"And {len(left) - _MAX_NAMED} more.")
    return " ".join(reasons)


def _has_undone_something(connection: Connection, workflow_id: str) -> bool:
    """Whether any compensation was needed: it was done, or an operator skipped it."""
    compensation = schema.compensation
    needed = select(compensation.c.step_id).where(
        compensation.c.workflow_id == workflow_id,
        compensation.c.state.in_([CompensationState.DONE.value, CompensationState.SKIPPED.value]),
    )
    return connection.execute(needed.limit(1)).first() is not None


def _next(
    connection: Connection, change: Change, caller: Caller | None, pending: PendingCompensation
) -> TurnAnswer | str:
    """The answer when this compensation is the next one; otherwise the reason why an operator must decide about it."""
    if pending.state is CompensationState.FAILED:
        return failed_for_good(pending.label, pending.error)
    if pending.is_of_service:
        return _ask(connection, change, pending)
    if pending.state is CompensationState.RUNNING:
        again = _same_work(change, caller, pending)
        if again is not None:
            return again
        if not pending.attempt_ended:
            if (busy := _why_busy(connection, change, pending)) is not None:
                return _answer(change, TurnDecision.HANDED_OVER, busy)
            if pending.attempts >= pending.max_attempts:
                return _give_up(change, pending)
    relay = _relay_that_asks(caller, pending) or find_relay(connection, change.workflow_id, pending)
    if isinstance(relay, NoRelay):
        return relay.why(pending.label)
    if caller is not None and (relay.dag_id, relay.run_id) == (caller.dag_id, caller.run_id):
        if unreadable := pending.why_no_output():
            return unreadable
        return _take(change, caller, pending)
    return _hand_over(change, pending, relay)


def _why_busy(connection: Connection, change: Change, pending: PendingCompensation) -> str | None:
    """Why no other relay may begin the compensation yet, whose last attempt has reported no end; None if one may."""
    if pending.task_instance_id is None or pending.began_at is None:
        return None
    if not is_finished(connection, pending.task_instance_id):
        return f"Step {pending.label} is being undone by another relay."
    if may_still_run(connection, pending.task_instance_id, pending.began_at, change.now):
        return f"The relay that undoes step {pending.label} was marked by hand; its process may still be running."
    return None


def _ask(connection: Connection, change: Change, pending: PendingCompensation) -> TurnAnswer | str:
    """Ask the service to undo the step; the event with its answer does the rest."""
    awaited = undo_by_service(connection, change, pending)
    return awaited if isinstance(awaited, str) else _answer(change, TurnDecision.HANDED_OVER, awaited.why)


def _relay_that_asks(caller: Caller | None, pending: PendingCompensation) -> Relay | None:
    """The relay that asks, if the compensation belongs to its own run; nothing needs to be read then."""
    if caller is None or caller.map_index >= 0 or (caller.dag_id, caller.run_id) != (pending.dag_id, pending.run_id):
        return None
    return Relay(caller.dag_id, caller.run_id, caller.task_instance_id)


def _same_work(change: Change, caller: Caller | None, pending: PendingCompensation) -> TurnAnswer | None:
    """The first answer again, if the same relay asks again and has reported nothing since."""
    if caller is None or pending.attempt_ended or pending.task_instance_id != caller.task_instance_id:
        return None
    return _work(change, caller, pending, pending.attempts)


def _take(change: Change, caller: Caller, pending: PendingCompensation) -> TurnAnswer:
    number = pending.attempts + 1
    _store_turn(change, pending, Relay(caller.dag_id, caller.run_id, caller.task_instance_id))
    change.update(
        schema.compensation,
        where={"step_id": pending.step_id, "round": pending.round, "attempts": pending.attempts},
        values={
            "state": CompensationState.RUNNING.value,
            "attempts": number,
            "task_instance_id": caller.task_instance_id,
            "started_at": change.now,
            "ended_at": None,
        },
        from_states=predecessors(CompensationState.RUNNING),
    )
    change.journal(
        EntryKind.COMPENSATION_BEGAN,
        step=pending.label,
        step_id=pending.step_id,
        attempt=number,
        data={"round": pending.round, "handler": pending.handler, "task_instance_id": caller.task_instance_id},
    )
    return _work(change, caller, pending, number)


def _hand_over(change: Change, pending: PendingCompensation, relay: Relay) -> TurnAnswer:
    """Give the turn to another run's relay; ``store/compensation/relay_clear.py`` then starts it."""
    if _store_turn(change, pending, relay):
        change.journal(
            EntryKind.TURN_GIVEN,
            step=pending.label,
            step_id=pending.step_id,
            data={
                "dag_id": relay.dag_id,
                "run_id": relay.run_id,
                "relay_task_instance_id": relay.task_instance_id,
            },
        )
    return _answer(
        change,
        TurnDecision.HANDED_OVER,
        f"Step {pending.label} is undone by run {relay.run_id} of DAG {relay.dag_id}.",
    )


def _store_turn(change: Change, pending: PendingCompensation, relay: Relay) -> bool:
    """Store whose turn it is; return False if it already was."""
    values = {
        "step_id": pending.step_id,
        "round": pending.round,
        "dag_id": relay.dag_id,
        "run_id": relay.run_id,
        "relay_task_instance_id": relay.task_instance_id,
    }
    return change.upsert(
        schema.turn, where={"workflow_id": change.workflow_id}, values=values, when_changed={"given_at": change.now}
    )


def _give_up(change: Change, pending: PendingCompensation) -> str:
    """Return why an operator must decide: the last attempt's process died with unknown outcome; none is left."""
    error = f"attempt {pending.attempts} of {pending.max_attempts} was lost with its process"
    fail_compensation(change, pending.label, pending.step_id, pending.round, pending.attempts, error)
    return failed_for_good(pending.label, error)


def _work(change: Change, caller: Caller, pending: PendingCompensation, number: int) -> TurnAnswer:
    key = AttemptKey(COMPENSATION, change.workflow_id, pending.step_id, number, pending.round, caller.task_instance_id)
    work = CompensationWork(
        step_id=pending.step_id,
        step_name=pending.called.name,
        item_key=pending.called.item_key,
        round=pending.round,
        participant=pending.called.participant,
        handler=pending.handler,
        attempt=number,
        max_attempts=pending.max_attempts,
        compensation_key=issue(key, change.secret),
        idempotency_key=compensation_idempotency_key(pending.step_id, pending.round),
        step_idempotency_key=idempotency_key(pending.step_id, pending.round),
        output=None if pending.output is None else pending.output.open(),
        error=change.error,
    )
    return replace(_answer(change, TurnDecision.COMPENSATE, f"Undo step {pending.label}."), work=work)


def _answer(change: Change, decision: TurnDecision, reason: str) -> TurnAnswer:
    return TurnAnswer(decision, change.ref(), reason)
