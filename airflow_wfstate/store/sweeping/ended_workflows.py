"""What the sweep does about workflows whose runs are over and that nothing has completed.

A workflow that no operator started succeeds. The others end if a person has accepted their end, or if their
CompleteWorkflowOperator was skipped and their policy allows it. Any workflow left over waits, and is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Select, and_, exists, func, or_, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.plan import progress
from airflow_wfstate.domain.rules.policies import SkipPolicy
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, WorkflowState
from airflow_wfstate.store.actions.complete import complete_unasked
from airflow_wfstate.store.compensation.complete import complete
from airflow_wfstate.store.compensation.failure import undo_because_skipped
from airflow_wfstate.store.database import audit, schema
from airflow_wfstate.store.database.airflow_tables import REMOVED, audit_log, dag_run, task_instance
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.payloads.stored_payload import keep_inline
from airflow_wfstate.store.steps.accepted import unaccepted_failed_run, who_accepted_run
from airflow_wfstate.store.steps.counts import count_steps
from airflow_wfstate.store.steps.undo_order import has_something_to_undo
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.deciding_runs import DAG_RUN, DECIDES, HAS_UNFINISHED_STEP, deciding_runs
from airflow_wfstate.store.workflows.failed_state import continue_failed

_workflow, _run, _step, _journal = schema.workflow, schema.run, schema.step, schema.journal

_COMPLETES: Final = "CompleteWorkflowOperator"
_OVER: Final = ("success", "failed")

_OF_WORKFLOW: Final = _run.c.workflow_id == _workflow.c.id
_HAS_ENDED_RUN: Final = exists(deciding_runs(_run.c.run_id).where(dag_run.c.state.in_(_OVER)))
_HAS_OTHER_RUN: Final = exists(
    select(_run.c.run_id)
    .outerjoin(dag_run, DAG_RUN)
    .where(_OF_WORKFLOW, DECIDES, func.coalesce(dag_run.c.state, "gone").not_in(_OVER))
)
_HAS_UNFINISHED_RUN: Final = exists(deciding_runs(_run.c.run_id).where(dag_run.c.state.not_in(_OVER)))
_HAS_OPEN_STEP: Final = exists(
    select(_step.c.id).where(
        _step.c.workflow_id == _workflow.c.id, _step.c.state.in_([state.value for state in OPEN_STEP_STATES])
    )
)


RUNS_ARE_OVER: Final = and_(
    _workflow.c.state == WorkflowState.RUNNING.value,
    _HAS_ENDED_RUN,
    or_(~_HAS_OTHER_RUN, and_(_workflow.c.implicit, ~_HAS_UNFINISHED_RUN)),
    ~_HAS_OPEN_STEP,
)
"""A running workflow whose deciding runs are over, with no running step.

A missing run does not keep a workflow open if no operator started it.
"""


def with_ended_runs() -> Select[tuple[str]]:
    """The workflows described at :data:`RUNS_ARE_OVER`."""
    return select(_workflow.c.id).where(RUNS_ARE_OVER)


def with_runs_marked_after_failure() -> Select[tuple[str]]:
    """Failed workflows with a deciding run that ended well, and an audit entry to check."""
    marked = (
        deciding_runs(_run.c.run_id)
        .join(audit_log, audit.MENTIONED & (audit_log.c.dttm >= _run.c.linked_at))
        .where(dag_run.c.state == "success")
    )
    return select(_workflow.c.id).where(_workflow.c.state == WorkflowState.FAILED.value, exists(marked))


def continue_as_marked(connection: Connection, change: Change) -> None:
    """Let a failed workflow continue if someone has marked its run as success since, and no failed run is left."""
    if unaccepted_failed_run(connection, change.workflow_id) is not None:
        return
    failed_at: datetime = connection.execute(
        select(func.max(_journal.c.at)).where(
            _journal.c.workflow_id == change.workflow_id, _journal.c.kind == EntryKind.WORKFLOW_FAILED.value
        )
    ).scalar_one()
    for run in ended_runs(connection, change.workflow_id):
        person = audit.who_marked_run(connection, run.dag_id, run.run_id, "success", failed_at)
        if person is not None:
            continue_failed(change, marked_as_success(run.dag_id, run.run_id, person))
            return


@dataclass(frozen=True)
class EndedRun:
    """A deciding run that is over.

    :param has_done_its_part: it ended well, without a failed step.
    :param completes: states of its tasks that complete the workflow.
    """

    dag_id: str
    run_id: str
    has_done_its_part: bool
    completes: tuple[str, ...]


def end_workflow(connection: Connection, change: Change) -> None:
    """Complete or compensate the workflow if that follows from how its runs ended."""
    runs = ended_runs(connection, change.workflow_id)
    accepted: dict[EndedRun, str] = {}
    for run in runs:
        person = who_accepted_run(connection, run.dag_id, run.run_id) if _may_be_accepted(run) else None
        if person is not None:
            accepted[run] = person
        elif not run.has_done_its_part:
            return
    if change.implicit:
        complete(change, keep_inline(Payload.of(None)), [])
        return
    for run, person in accepted.items():
        if run.completes:
            complete_unasked(connection, change, marked_as_success(run.dag_id, run.run_id, person))
            return
    states = {state for run in runs for state in run.completes}
    if "success" in states:
        complete_unasked(connection, change, "Its CompleteWorkflowOperator is marked as success.")
    elif states == {"skipped"} and not others_are_to_come(connection, change.workflow_id):
        _end_skipped(connection, change)


def marked_as_success(dag_id: str, run_id: str, person: str) -> str:
    """Why a workflow continues that a person has accepted, in one sentence."""
    return f"Run {run_id} of DAG {dag_id} was marked as success by {person}."


def _may_be_accepted(run: EndedRun) -> bool:
    return not run.has_done_its_part or any(state != "success" for state in run.completes)


def _end_skipped(connection: Connection, change: Change) -> None:
    """Apply the policy for a workflow whose completing operator was skipped."""
    if not has_something_to_undo(connection, change.workflow_id):
        complete_unasked(connection, change, "Its CompleteWorkflowOperator was skipped, and there is nothing to undo.")
        return
    policy = read_definition(connection, change.name, change.definition_sha256).on_skip
    if policy is SkipPolicy.COMPLETE:
        complete_unasked(connection, change, "Its CompleteWorkflowOperator was skipped, and on_skip is 'complete'.")
    elif policy is SkipPolicy.COMPENSATE:
        undo_because_skipped(connection, change)


def ended_runs(connection: Connection, workflow_id: str) -> list[EndedRun]:
    """The finished deciding runs of a workflow."""
    rows = connection.execute(
        deciding_runs(
            _run.c.dag_id, _run.c.run_id, dag_run.c.state, HAS_UNFINISHED_STEP.label("unfinished"), of=workflow_id
        )
        .where(dag_run.c.state.in_(_OVER))
        .order_by(_run.c.linked_at, _run.c.dag_id, _run.c.run_id)
    ).all()
    tasks = connection.execute(
        select(task_instance.c.dag_id, task_instance.c.run_id, task_instance.c.state)
        .join(_run, (_run.c.dag_id == task_instance.c.dag_id) & (_run.c.run_id == task_instance.c.run_id))
        .where(
            _run.c.workflow_id == workflow_id,
            DECIDES,
            task_instance.c.operator == _COMPLETES,
            func.coalesce(task_instance.c.state, "none") != REMOVED,
        )
    ).all()
    states: dict[tuple[str, str], list[str]] = {}
    for task in tasks:
        states.setdefault((task.dag_id, task.run_id), []).append(str(task.state))
    return [
        EndedRun(
            row.dag_id,
            row.run_id,
            row.state == "success" and not row.unfinished,
            tuple(sorted(states.get((row.dag_id, row.run_id), ()))),
        )
        for row in rows
    ]


def others_are_to_come(connection: Connection, workflow_id: str) -> bool:
    """Whether the definition names a participant that has not taken part yet: a DAG without a run, or planned steps."""
    row = connection.execute(
        select(_workflow.c.name, _workflow.c.definition_sha256).where(_workflow.c.id == workflow_id)
    ).one()
    definition = read_definition(connection, row.name, row.definition_sha256)
    linked = set(connection.execute(select(_run.c.dag_id).where(_run.c.workflow_id == workflow_id)).scalars())
    if set(definition.participants) - linked:
        return True
    remaining = progress(definition.plan, count_steps(connection, [workflow_id])[workflow_id]).remaining
    deciding = set(
        connection.execute(select(_run.c.dag_id).where(_run.c.workflow_id == workflow_id, DECIDES)).scalars()
    )
    return any("." in entry and entry.rpartition(".")[0] not in deciding for entry in remaining)
