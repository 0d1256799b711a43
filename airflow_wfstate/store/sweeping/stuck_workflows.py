"""Flags caused by a workflow's rows together with the states of its runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, not_, select

from airflow_wfstate import conf
from airflow_wfstate.domain.rules.flag import Flag, FlagKind
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, WorkflowState
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.store.compensation.patience import why_turn_is_not_taken
from airflow_wfstate.store.compensation.pending import pending_compensations
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag, dag_run, task_instance
from airflow_wfstate.store.sweeping.ended_workflows import RUNS_ARE_OVER, ended_runs
from airflow_wfstate.store.sweeping.flag_cause import FlagCause, FoundRow
from airflow_wfstate.store.workflows.deciding_runs import DAG_RUN, deciding_runs
from airflow_wfstate.store.workflows.places import STEP_IDENTITY, read_name

_workflow, _run, _step, _turn = schema.workflow, schema.run, schema.step, schema.turn

_CHILD_GRACE: Final = timedelta(seconds=60)
"""A child run is linked before it exists; this is how long its creation may take."""

_FLAGGED_AFTER: Final = 10
"""After a tenth of the patience with a relay, so that people can still help before the workflow is put on hold."""

_NAMED: Final = 3
"""How many steps a sentence names."""

_NO_COMPLETE: Final = (
    "no run of its owner or children has a CompleteWorkflowOperator (that of a guest, such as a run that an asset "
    "started, completes nothing)"
)


def _owner_dag() -> Any:
    """The DAG of the run that owns the workflow, for its owners."""
    return (
        select(dag.c.owners)
        .join(_run, _run.c.dag_id == dag.c.dag_id)
        .where(_run.c.workflow_id == _workflow.c.id, _run.c.role == RunRole.OWNER.value)
        .order_by(_run.c.linked_at)
        .limit(1)
        .scalar_subquery()
    )


def _child_lost(now: datetime) -> Select[Any]:
    return (
        select(
            _workflow.c.id.label("workflow_id"),
            _run.c.dag_id,
            _run.c.run_id,
            _run.c.linked_at,
            *STEP_IDENTITY,
            _owner_dag().label("owner"),
        )
        .join(_run, _run.c.workflow_id == _workflow.c.id)
        .join(_step, _step.c.id == _run.c.parent_step_id)
        .outerjoin(dag_run, DAG_RUN)
        .where(
            _workflow.c.state == WorkflowState.RUNNING.value,
            _run.c.role == RunRole.CHILD.value,
            _run.c.bound,
            _run.c.linked_at <= now - _CHILD_GRACE,
            dag_run.c.id.is_(None),
            _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
        )
    )


def _child_lost_flag(connection: Connection, row: FoundRow, now: datetime) -> Flag:
    step = read_name(connection, row).brief
    cause = f"Step {step} waits for the run {row.run_id} of DAG {row.dag_id}, which does not exist (any more)."
    return Flag(FlagKind.CHILD_LOST, cause, row.linked_at, row.owner, f"airflow wfstate show {row.workflow_id}")


def _not_completed(now: datetime) -> Select[Any]:
    return select(
        _workflow.c.id.label("workflow_id"),
        _workflow.c.updated_at,
        deciding_runs(func.max(dag_run.c.end_date)).scalar_subquery().label("ended_at"),
        _owner_dag().label("owner"),
    ).where(not_(_workflow.c.implicit), RUNS_ARE_OVER)


def _not_completed_flag(connection: Connection, row: FoundRow, now: datetime) -> Flag | None:
    runs = ended_runs(connection, row.workflow_id)
    if not all(run.has_done_its_part for run in runs):
        return None  # its policy fails it
    was_skipped = any("skipped" in run.completes for run in runs)
    why = "its CompleteWorkflowOperator was skipped" if was_skipped else _NO_COMPLETE
    ended = "Its runs ended well, but none of them completed it"
    since = row.ended_at or row.updated_at
    undos = [item.label for item in reversed(pending_compensations(connection, row.workflow_id))]
    if not undos:
        cause = f"{ended}: {why}. There is nothing to undo: a cancel ends it."
        return Flag(FlagKind.NOT_COMPLETED, cause, since, row.owner, f"airflow wfstate cancel {row.workflow_id}")
    named = listed(undos, most=_NAMED)
    done = "Marking that task as success in Airflow completes it, and discards them too." if was_skipped else ""
    cancel = f"'cancel' ends it, and discards these undos ({len(undos)})"
    cause = f"{ended}: {why}. 'compensate' undoes {named}; {cancel}. {done}"
    command = f"airflow wfstate compensate {row.workflow_id} --plan"
    return Flag(FlagKind.NOT_COMPLETED, cause.rstrip(), since, row.owner, command)


def _turn_not_taken(now: datetime) -> Select[Any]:
    return (
        select(
            _workflow.c.id.label("workflow_id"),
            _turn.c.dag_id,
            _turn.c.run_id,
            _turn.c.given_at,
            dag_run.c.state.label("run_state"),
            dag.c.is_paused,
            dag.c.owners.label("owner"),
            task_instance.c.state.label("relay_state"),
        )
        .join(_turn, _turn.c.workflow_id == _workflow.c.id)
        .outerjoin(dag_run, and_(dag_run.c.dag_id == _turn.c.dag_id, dag_run.c.run_id == _turn.c.run_id))
        .outerjoin(dag, dag.c.dag_id == _turn.c.dag_id)
        .outerjoin(task_instance, task_instance.c.id == _turn.c.relay_task_instance_id)
        .where(
            _workflow.c.state == WorkflowState.COMPENSATING.value,
            _turn.c.given_at <= now - conf.relay_patience() / _FLAGGED_AFTER,
            func.coalesce(task_instance.c.state, "none") != "running",
        )
    )


def _turn_not_taken_flag(_: Connection, row: FoundRow, now: datetime) -> Flag:
    show = f"airflow wfstate show {row.workflow_id}"
    command = f"airflow dags unpause {row.dag_id}" if row.run_state and row.is_paused else show
    reason = why_turn_is_not_taken(row.run_state, row.is_paused, row.relay_state)
    cause = f"The run {row.run_id} of DAG {row.dag_id} has the turn to compensate but does not take it: {reason}."
    return Flag(FlagKind.TURN_NOT_TAKEN, cause, row.given_at, row.owner, command)


CAUSES: Final = (
    FlagCause(FlagKind.CHILD_LOST, _child_lost, _child_lost_flag),
    FlagCause(FlagKind.NOT_COMPLETED, _not_completed, _not_completed_flag),
    FlagCause(FlagKind.TURN_NOT_TAKEN, _turn_not_taken, _turn_not_taken_flag),
)
