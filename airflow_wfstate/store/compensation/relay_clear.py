"""Start a relay again: clear its task in its finished run, so that the scheduler runs it once more.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import Engine, exists, select, update
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.store.compensation.relay_code import read_relay_code, relay_code
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import (
    FINISHED_TASK_STATES,
    UNFINISHED_RUN_STATES,
    dag_run,
    task_instance,
)
from airflow_wfstate.store.runs.code import RunCodes, is_versioned

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag
    from airflow.models.taskinstance import TaskInstance

log = logging.getLogger(__name__)

_LIMIT = 100


def waiting_relays(engine: Engine) -> list[str]:
    """Ids of relay task instances that have a turn and are over, and whose run is finished; at most 100."""
    turn = schema.turn
    with engine.connect() as connection:
        return list(
            connection.execute(
                select(task_instance.c.id)
                .join(turn, turn.c.relay_task_instance_id == task_instance.c.id)
                .join(
                    dag_run,
                    (dag_run.c.dag_id == task_instance.c.dag_id) & (dag_run.c.run_id == task_instance.c.run_id),
                )
                .where(
                    task_instance.c.state.in_(FINISHED_TASK_STATES),
                    dag_run.c.state.not_in(UNFINISHED_RUN_STATES),
                )
                .order_by(turn.c.given_at, turn.c.workflow_id)
                .limit(_LIMIT)
            ).scalars()
        )


def clear_waiting_relays(engine: Engine) -> int:
    """Clear every relay that has a turn to take, each in its own transaction; return how many were cleared.

    A cleared task instance gets a new id, so the next search does not find it again. The run's state becomes RUNNING,
    not QUEUED, so that max_active_runs does not delay it.
    """
    cleared = 0
    for task_instance_id in waiting_relays(engine):
        try:
            cleared += _clear(engine, task_instance_id)
        except Exception:
            log.exception("The relay %s could not be started again; the next sweep retries.", task_instance_id)
    return cleared


def _clear(engine: Engine, task_instance_id: str) -> int:
    from uuid import UUID

    from airflow.models.dagbag import DBDagBag
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.state import DagRunState

    with Session(engine) as session:
        relay = session.scalar(
            select(TaskInstance)
            .where(
                TaskInstance.id == UUID(task_instance_id),
                TaskInstance.state.in_(FINISHED_TASK_STATES),
                exists(
                    select(schema.turn.c.workflow_id).where(schema.turn.c.relay_task_instance_id == task_instance_id)
                ),
            )
            .with_for_update(skip_locked=True)
        )
        if relay is None:
            return 0
        dag_bag = DBDagBag(load_op_links=False)
        on_latest = is_versioned(relay.dag_run) and _code_of(session, dag_bag, relay) is Code.LATEST
        before = _task_ids(session, relay) if on_latest else set()
        clear_task_instances([relay], session, dag_run_state=DagRunState.RUNNING, run_on_latest_version=on_latest)
        if on_latest:
            _skip_new_tasks(session, relay, before)
        session.commit()
    return 1


def _code_of(session: Session, dag_bag: DBDagBag, relay: TaskInstance) -> Code:
    turn, compensation = schema.turn, schema.compensation
    row = session.execute(
        select(turn.c.workflow_id, compensation.c.handler)
        .join(compensation, (compensation.c.step_id == turn.c.step_id) & (compensation.c.round == turn.c.round))
        .where(turn.c.relay_task_instance_id == str(relay.id))
    ).first()
    if row is None:  # the turn has moved on in the meantime
        return Code.SAME
    codes = RunCodes(session, dag_bag, read_relay_code(session.connection(), row.workflow_id))
    return relay_code(codes, relay.dag_run, relay.task_id, row.handler)


def _task_ids(session: Session, relay: TaskInstance) -> set[str]:
    """The ids of the tasks that have instances in the relay's run."""
    return set(
        session.scalars(
            select(task_instance.c.task_id).where(
                task_instance.c.dag_id == relay.dag_id, task_instance.c.run_id == relay.run_id
            )
        )
    )


def _skip_new_tasks(session: Session, relay: TaskInstance, before: set[str]) -> None:
    """Skip the tasks that the DAG has gained: the run continues only to undo work, not to do more of it."""
    added = _task_ids(session, relay) - before
    session.execute(
        update(task_instance)
        .where(
            task_instance.c.dag_id == relay.dag_id,
            task_instance.c.run_id == relay.run_id,
            task_instance.c.task_id.in_(added),
        )
        .values(state="skipped")
    )
