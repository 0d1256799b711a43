"""Flags caused by the task instances of a workflow's runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, func, not_, or_, select

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import (
    FINISHED_TASK_STATES,
    UNFINISHED_RUN_STATES,
    dag,
    dag_run,
    job,
    slot_pool,
    task_instance,
)
from airflow_wfstate.store.runs.past_dependency import PastDependency, past_dependency
from airflow_wfstate.store.sweeping.flag_cause import FlagCause, FoundRow
from airflow_wfstate.store.workflows.deciding_runs import DAG_RUN, HAS_DECIDING_ROLE
from airflow_wfstate.store.workflows.places import STEP_IDENTITY, read_name

_workflow, _run, _step, _attempt = schema.workflow, schema.run, schema.step, schema.attempt

_WAITING_TASK_STATES: Final = ("queued", "scheduled")
_USUAL_TIMES: Final = 3
"""How many times its usual duration a step may take."""
_EARLIER: Final = 20
"""How many earlier durations of a task determine the usual one."""

_TASK_OF_RUN: Final = and_(task_instance.c.dag_id == _run.c.dag_id, task_instance.c.run_id == _run.c.run_id)


def _unfinished_runs(*columns: Any) -> Select[Any]:
    """The unfinished owner and child runs of running workflows."""
    return (
        select(_workflow.c.id.label("workflow_id"), _run.c.dag_id, _run.c.run_id, dag.c.owners.label("owner"), *columns)
        .join(_run, and_(_run.c.workflow_id == _workflow.c.id, HAS_DECIDING_ROLE))
        .join(dag_run, DAG_RUN)
        .outerjoin(dag, dag.c.dag_id == _run.c.dag_id)
        .where(_workflow.c.state == WorkflowState.RUNNING.value, dag_run.c.state.in_(UNFINISHED_RUN_STATES))
    )


def _upstream_failed(now: datetime) -> Select[Any]:
    first = select(func.min(task_instance.c.task_id)).where(_TASK_OF_RUN)
    failed_at = select(func.max(task_instance.c.end_date)).where(_TASK_OF_RUN, task_instance.c.state == "failed")
    return _unfinished_runs(
        first.where(task_instance.c.state == "failed").scalar_subquery().label("failed_task"),
        first.where(task_instance.c.state == "upstream_failed").scalar_subquery().label("task_id"),
        failed_at.scalar_subquery().label("failed_at"),
        dag.c.is_paused,
    ).where(exists(select(task_instance.c.id).where(_TASK_OF_RUN, task_instance.c.state == "upstream_failed")))


def _upstream_failed_flag(_: Connection, row: FoundRow, now: datetime) -> Flag:
    because = f"its upstream task {row.failed_task} failed" if row.failed_task else "an upstream task failed"
    cause = f"Task {row.task_id} of run {row.run_id} of DAG {row.dag_id} will never run: {because}."
    command = f"airflow wfstate show {row.workflow_id}"
    if row.is_paused:
        cause += " The DAG is paused, so that the run neither ends nor undoes anything."
        command = f"airflow dags unpause {row.dag_id}"
    return Flag(FlagKind.UPSTREAM_FAILED, cause, row.failed_at or now, row.owner, command)


def _queued(now: datetime) -> Select[Any]:
    """Runs with something to do in which nothing is running or waits for a reason of its own."""
    to_do = exists(
        select(task_instance.c.id).where(
            _TASK_OF_RUN, or_(task_instance.c.state.is_(None), task_instance.c.state.in_(_WAITING_TASK_STATES))
        )
    )
    at_work = exists(
        select(task_instance.c.id).where(
            _TASK_OF_RUN, task_instance.c.state.not_in((*FINISHED_TASK_STATES, *_WAITING_TASK_STATES))
        )
    )
    latest = select(
        func.max(task_instance.c.end_date),
    ).where(_TASK_OF_RUN)
    waiting = select(
        func.max(func.coalesce(task_instance.c.queued_dttm, task_instance.c.scheduled_dttm)),
    ).where(_TASK_OF_RUN, task_instance.c.state.in_(_WAITING_TASK_STATES))
    return _unfinished_runs(
        _workflow.c.updated_at,
        dag_run.c.state.label("run_state"),
        dag_run.c.queued_at,
        dag.c.is_paused,
        dag.c.max_active_runs,
        latest.scalar_subquery().label("ended_at"),
        waiting.scalar_subquery().label("waiting_at"),
    ).where(_workflow.c.updated_at <= now - conf.stuck_queued(), to_do, not_(at_work))


def _queued_flag(connection: Connection, row: FoundRow, now: datetime) -> Flag | None:
    since = max(moment for moment in (row.updated_at, row.ended_at, row.waiting_at) if moment is not None)
    if since > now - conf.stuck_queued():
        return None
    cause, command = _why_queued(connection, row, now)
    return Flag(FlagKind.QUEUED, cause, since, row.owner, command)


def _why_queued(connection: Connection, row: FoundRow, now: datetime) -> tuple[str, str]:
    run = f"The run {row.run_id} of DAG {row.dag_id}"
    if row.is_paused:
        return f"{run} makes no progress: the DAG is paused.", f"airflow dags unpause {row.dag_id}"
    if not _has_live_scheduler(connection, now):
        return f"{run} makes no progress: no scheduler is alive.", "airflow jobs check --job-type SchedulerJob"
    if row.run_state == "queued":
        limit = (
            f"at most {counted(row.max_active_runs, 'run')} of it at a time"
            if row.max_active_runs
            else "its limit of runs"
        )
        return f"{run} has not begun: the DAG has {limit}.", f"airflow dags list-runs {row.dag_id} --state running"
    task = connection.execute(
        select(task_instance.c.task_id, task_instance.c.state, task_instance.c.pool)
        .where(
            task_instance.c.dag_id == row.dag_id,
            task_instance.c.run_id == row.run_id,
            task_instance.c.state.in_(_WAITING_TASK_STATES),
        )
        .order_by(task_instance.c.id)
        .limit(1)
    ).one_or_none()
    if task is None:
        if past := past_dependency(connection, row.dag_id, row.run_id):
            return _waits_for_the_past(row, past)
        return f"{run} makes no progress: none of its tasks was scheduled.", f"airflow wfstate show {row.workflow_id}"
    if task.state == "queued":
        return (
            f"Task {task.task_id} of run {row.run_id} of DAG {row.dag_id} is queued, but no worker picks it up.",
            "airflow jobs check",
        )
    slots, used = _pool(connection, task.pool)
    if slots is None or 0 <= slots <= used:
        lacks = "does not exist" if slots is None else f"has {counted(slots, 'slot')}, none of them free"
        return (
            f"Task {task.task_id} of run {row.run_id} of DAG {row.dag_id} waits for the pool {task.pool}, which "
            f"{lacks}.",
            f"airflow pools get {task.pool}" if slots is not None else f"airflow pools set {task.pool} 1 ''",
        )
    return (
        f"Task {task.task_id} of run {row.run_id} of DAG {row.dag_id} is scheduled but not queued: a limit on "
        "parallel tasks is reached.",
        f"airflow tasks states-for-dag-run {row.dag_id} {row.run_id}",
    )


def _waits_for_the_past(row: FoundRow, past: PastDependency) -> tuple[str, str]:
    is_in_state = "has not run" if past.state is None else f"is {past.state}"
    return (
        f"Task {past.task_id} of run {row.run_id} of DAG {row.dag_id} waits for the earlier run {past.run_id}: it has "
        f"{past.option}, and task {past.awaited} of that run {is_in_state}.",
        f"airflow tasks states-for-dag-run {row.dag_id} {past.run_id}",
    )


def _has_live_scheduler(connection: Connection, now: datetime) -> bool:
    newest = connection.execute(
        select(func.max(job.c.latest_heartbeat)).where(job.c.job_type == "SchedulerJob", job.c.state == "running")
    ).scalar_one()
    return newest is not None and newest > now - _scheduler_silence()


def _pool(connection: Connection, name: str) -> tuple[int | None, int]:
    """The slots of a pool (None when it does not exist, below zero for no limit), and how many are taken."""
    slots = connection.execute(select(slot_pool.c.slots).where(slot_pool.c.pool == name)).scalar_one_or_none()
    used = connection.execute(
        select(func.coalesce(func.sum(task_instance.c.pool_slots), 0)).where(
            task_instance.c.pool == name, task_instance.c.state.in_(("running", "queued"))
        )
    ).scalar_one()
    return slots, int(used)


def _slow(now: datetime) -> Select[Any]:
    checkpointed = select(func.max(schema.checkpoint.c.saved_at)).where(
        schema.checkpoint.c.step_id == _step.c.id, schema.checkpoint.c.round == _step.c.round
    )
    recorded = select(func.max(schema.record.c.saved_at)).where(
        schema.record.c.step_id == _step.c.id, schema.record.c.round == _step.c.round
    )
    return (
        select(
            _workflow.c.id.label("workflow_id"),
            *STEP_IDENTITY,
            _attempt.c.dag_id,
            _attempt.c.run_id,
            _attempt.c.task_id,
            _attempt.c.started_at,
            checkpointed.scalar_subquery().label("checkpointed_at"),
            recorded.scalar_subquery().label("recorded_at"),
            task_instance.c.last_heartbeat_at,
            dag.c.owners.label("owner"),
        )
        .join(_step, _step.c.workflow_id == _workflow.c.id)
        .join(_attempt, and_(_attempt.c.step_id == _step.c.id, _attempt.c.number == _step.c.attempt))
        .join(task_instance, task_instance.c.id == _attempt.c.task_instance_id)
        .outerjoin(dag, dag.c.dag_id == _attempt.c.dag_id)
        .where(
            _workflow.c.state == WorkflowState.RUNNING.value,
            _step.c.state == StepState.RUNNING.value,
            task_instance.c.state == "running",
            _attempt.c.started_at <= now - conf.stuck_running(),
        )
    )


def _slow_flag(connection: Connection, row: FoundRow, now: datetime) -> Flag | None:
    since = max(moment for moment in (row.started_at, row.checkpointed_at, row.recorded_at) if moment is not None)
    usual = _usual_duration(connection, row.dag_id, row.task_id)
    patience = max(conf.stuck_running(), timedelta(0) if usual is None else _USUAL_TIMES * usual)
    if now - since < patience:
        return None
    usually = "" if usual is None else f" (it usually takes {_rounded(usual)})"
    heartbeat = row.last_heartbeat_at
    alive = (
        "its process never sent a heartbeat"
        if heartbeat is None
        else f"the last heartbeat of its process was {_rounded(now - heartbeat)} ago"
    )
    step = read_name(connection, row).brief
    cause = f"Step {step} has been running without a checkpoint for {_rounded(now - since)}{usually}; {alive}."
    return Flag(FlagKind.SLOW, cause, since, row.owner, f"airflow tasks states-for-dag-run {row.dag_id} {row.run_id}")


def _usual_duration(connection: Connection, dag_id: str, task_id: str) -> timedelta | None:
    """The median of some recent successes of the task; None when there is none.

    Recent by run id, because Airflow has an index in that order, in which runs of one type are in the order of their
    times. No index is in the order of time, so finding the last ones by time would sort every instance of the task.
    """
    seconds = connection.execute(
        select(task_instance.c.duration)
        .where(
            task_instance.c.dag_id == dag_id,
            task_instance.c.task_id == task_id,
            task_instance.c.state == "success",
            task_instance.c.duration.is_not(None),
        )
        .order_by(task_instance.c.run_id.desc(), task_instance.c.map_index.desc())
        .limit(_EARLIER)
    ).scalars()
    found = list(seconds)
    return timedelta(seconds=median(found)) if found else None


def _rounded(duration: timedelta) -> str:
    return str(timedelta(seconds=round(max(0.0, duration.total_seconds()))))


CAUSES: Final = (
    FlagCause(FlagKind.UPSTREAM_FAILED, _upstream_failed, _upstream_failed_flag),
    FlagCause(FlagKind.QUEUED, _queued, _queued_flag),
    FlagCause(FlagKind.SLOW, _slow, _slow_flag),
)


def _scheduler_silence() -> timedelta:
    """How long a scheduler may be silent before it counts as dead: Airflow's own threshold."""
    from airflow.configuration import conf

    return timedelta(seconds=conf.getint("scheduler", "scheduler_health_check_threshold", fallback=30))
