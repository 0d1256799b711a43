"""How long a compensation may wait for its workflow to come to rest, and for the relay that has the turn.

After that the workflow is put on hold with the cause. ``airflow wfstate compensate`` continues it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, exists, or_, select

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.store.compensation.hold import hold
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, dag, dag_run, task_instance
from airflow_wfstate.store.steps.row import open_steps
from airflow_wfstate.store.workflows.change import Change

_turn, _journal = schema.turn, schema.journal
_other_task: Final = task_instance.alias("other_task")


def hold_when_not_at_rest(connection: Connection, change: Change) -> None:
    """Hold a workflow whose steps are still open ``[wfstate] quiesce_seconds`` after its compensation began.

    The end of an attempt is recorded even if it comes later. Nothing is undone before that.
    """
    began_at: datetime = connection.execute(
        select(_journal.c.at)
        .where(_journal.c.workflow_id == change.workflow_id, _journal.c.kind == EntryKind.WORKFLOW_COMPENSATING.value)
        .order_by(_journal.c.number.desc())
        .limit(1)
    ).scalar_one()
    patience = conf.quiesce()
    if began_at + patience > change.now:
        return
    at_work = [step.label for step in open_steps(connection, change.workflow_id)]
    are = "is" if len(at_work) == 1 else "are"
    seconds = counted(round(patience.total_seconds()), "second")
    hold(
        change,
        f"It did not come to rest within {seconds}: {', '.join(at_work)} {are} still running, "
        "and nothing is undone until that has ended.",
    )


def hold_when_turn_is_not_taken(connection: Connection, change: Change) -> None:
    """Hold a workflow whose relay has had the turn for ``[wfstate] relay_patience_seconds`` without running.

    A relay that waits for other tasks of its run is left to Airflow, however long they take.
    """
    row = connection.execute(
        select(
            _turn.c.dag_id,
            _turn.c.run_id,
            dag_run.c.state.label("run_state"),
            dag.c.is_paused,
            task_instance.c.state.label("relay_state"),
        )
        .outerjoin(dag_run, and_(dag_run.c.dag_id == _turn.c.dag_id, dag_run.c.run_id == _turn.c.run_id))
        .outerjoin(dag, dag.c.dag_id == _turn.c.dag_id)
        .outerjoin(task_instance, task_instance.c.id == _turn.c.relay_task_instance_id)
        .where(
            _turn.c.workflow_id == change.workflow_id,
            _turn.c.given_at <= change.now - conf.relay_patience(),
            ~exists(
                select(_other_task.c.id).where(
                    _other_task.c.dag_id == _turn.c.dag_id,
                    _other_task.c.run_id == _turn.c.run_id,
                    _other_task.c.id != _turn.c.relay_task_instance_id,
                    or_(_other_task.c.state.is_(None), _other_task.c.state.not_in(FINISHED_TASK_STATES)),
                )
            ),
        )
    ).one_or_none()
    if row is None or row.relay_state == "running" or change.state is not WorkflowState.COMPENSATING:
        return
    reason = why_turn_is_not_taken(row.run_state, row.is_paused, row.relay_state)
    hold(change, f"Run {row.run_id} of DAG {row.dag_id} did not take its turn to undo: {reason}.")


def why_turn_is_not_taken(run_state: str | None, is_paused: bool | None, relay_state: str | None) -> str:
    """Why a relay that has the turn does not run, as far as Airflow's tables show.

    :param run_state: state of its DAG run; None when the run is gone.
    """
    if run_state is None:
        return "that run is gone"
    if is_paused:
        return "the DAG is paused"
    return f"its relay is {relay_state or 'not scheduled'}, and the run is {run_state}"
