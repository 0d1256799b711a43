"""The plan of a resume or restart. Reads only; changes nothing.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.resume import (
    ClearedTask,
    PausedDag,
    RecreatedRun,
    Refusal,
    ResumePlan,
    ResumeWorkflow,
    TouchedRun,
)
from airflow_wfstate.domain.rules.run_tasks import RunTask
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.exceptions import StepNotFound
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.resume.definition_change import definition_in_use, find_definition_change, note_of
from airflow_wfstate.store.resume.new_task import new_tasks
from airflow_wfstate.store.resume.refusal import refusal_of_state
from airflow_wfstate.store.resume.restart_step import find_named_steps
from airflow_wfstate.store.resume.run_create import plan_gone_runs, shown_runs
from airflow_wfstate.store.resume.selection import ResumeSelection
from airflow_wfstate.store.resume.step_changes import StepChanges, find_step_changes
from airflow_wfstate.store.resume.steps import ResumeSteps
from airflow_wfstate.store.runs.code import RunCodes, is_versioned
from airflow_wfstate.store.runs.linked_run import LinkedDagRun, linked_dag_runs
from airflow_wfstate.store.steps.of_services import steps_of_services
from airflow_wfstate.store.steps.row import steps_of
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.reference import read_reference

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag


@dataclass(frozen=True)
class PreparedResume:
    """A plan, and the data needed to carry it out.

    :param changes: changes to the steps' names.
    :param task_states: states of the tasks and relays to clear, by task instance id, as they were read.
    :param run_states: states of the resumed runs, by primary key, as they were read.
    :param latest_dag_run_ids: the resumed runs that continue with the latest code.
    """

    plan: ResumePlan
    changes: StepChanges = field(default_factory=StepChanges)
    task_states: dict[str, str | None] = field(default_factory=dict)
    run_states: dict[int, str | None] = field(default_factory=dict)
    latest_dag_run_ids: set[int] = field(default_factory=set)


def plan_resume(connection: Connection, request: ResumeWorkflow) -> ResumePlan:
    """Describe what a resume would do, as described at ``StateBackend.plan_resume``."""
    from airflow.models.dagbag import DBDagBag

    workflow_id = check_exists(connection, request.workflow_id)
    request = replace(request, workflow_id=workflow_id)
    # The session joins the connection's transaction and leaves it open.
    with Session(connection) as session:
        plan = prepare_resume(session, DBDagBag(load_op_links=False), request).plan
        return replace(plan, recreated_runs=shown_runs(session, workflow_id, plan.recreated_runs))


def prepare_resume(session: Session, dag_bag: DBDagBag, request: ResumeWorkflow) -> PreparedResume:
    """Plan the resume of an existing workflow, with the data needed to carry it out.

    :raises StepNotFound: no step named ``from_step`` has begun.
    :raises InvalidRequest: several participants have such a step, or a rename or a new step names no step.
    """
    connection = session.connection()
    workflow_id, from_step = request.workflow_id, request.from_step
    workflow = read_reference(connection, workflow_id)
    runs = linked_dag_runs(session, workflow_id)
    steps = steps_of(connection, workflow_id)
    refusal = refusal_of_state(connection, workflow, runs, is_restart=from_step is not None)
    try:
        named = [] if from_step is None else find_named_steps(steps, from_step, workflow_id)
    except StepNotFound as error:
        if refusal is None:
            raise
        raise StepNotFound(error.reason, f"{error.remedy} None of them could be restarted: {refusal.reason}") from error
    label = named[0].called.qualified if named else None
    if refusal is not None:
        return _refused(ResumePlan(workflow, label, allowed=False, refusal=refusal))
    codes = RunCodes(session, dag_bag, request.code)
    selection = ResumeSelection(session, codes, runs, steps)
    if label is not None:
        selection.take_from(named, label)
    if workflow.state is not WorkflowState.SUCCEEDED:
        selection.take_unfinished()
    selection.follow_parents()
    selection.take_completions()
    gone = plan_gone_runs(session, dag_bag, workflow_id, runs, selection, steps)
    refusal = selection.refusal or gone.refusal or _forgotten_dag(session, selection)
    if refusal is not None:
        return _refused(ResumePlan(workflow, label, allowed=False, refusal=refusal))
    changes = find_step_changes(connection, workflow_id, codes, selection, steps, request.renames, request.new_steps)
    if changes.refusal is not None:
        refused = ResumePlan(workflow, label, allowed=False, refusal=changes.refusal)
        return _refused(replace(refused, undeclared_steps=changes.undeclared, new_steps=changes.new))
    cleared = [(run, task, why) for run in selection.touched for task, why in selection.cleared(run)]
    relays = [(run, relay) for run in selection.touched for relay in selection.tasks_of(run).relays]
    definition = find_definition_change(connection, workflow_id, adopts=_takes_latest(codes, selection))
    planned = ResumeSteps(
        steps,
        steps_of_services(connection, workflow_id),
        selection,
        gone.runs,
        changes,
        definition_in_use(connection, workflow_id, definition),
    )
    plan = ResumePlan(
        workflow=workflow,
        from_step=label,
        allowed=True,
        tasks=sorted((_cleared(run, task, why) for run, task, why in cleared), key=_place),
        relays=sorted((_cleared(run, relay, "judges its run again") for run, relay in relays), key=_place),
        runs=[_touched(run, selection) for run in selection.touched],
        recreated_runs=gone.runs,
        steps_to_run=planned.to_run,
        steps_answering=planned.answering,
        paused_dags=_paused(session, selection.touched, gone.runs),
        new_tasks=new_tasks(codes, selection, changes.all_renames),
        code=[codes.describe(run.dag_run) for run in selection.touched if run.dag_run is not None],
        undeclared_steps=changes.undeclared,
        new_steps=changes.new,
        definition=definition,
        notes=[
            *gone.notes,
            *planned.notes,
            *changes.notes,
            *_code_notes(codes, selection),
            *_deadline_notes(connection, workflow_id),
            *_lost_output_notes(selection.lost_values(workflow_id)),
            *([] if definition is None else [note_of(definition, workflow.name)]),
        ],
    )
    return PreparedResume(
        plan,
        changes,
        task_states={
            task.id: task.state for task in [*(task for _, task, _ in cleared), *(relay for _, relay in relays)]
        },
        run_states={run.dag_run.id: run.state for run in selection.touched if run.dag_run is not None},
        latest_dag_run_ids={
            run.dag_run.id
            for run in selection.touched
            if run.dag_run is not None and codes.of(run.dag_run) is Code.LATEST
        },
    )


def _lost_output_notes(lost: list[str]) -> list[str]:
    if not lost:
        return []
    names = listed(sorted(set(lost)))
    return [
        f"Airflow no longer has the return value of {names} (airflow db clean removes XComs). The stored output "
        "is used and the step is not done again, but a downstream task that pulls it from Airflow gets None. "
        "If one does, restart from that step instead."
    ]


def _refused(plan: ResumePlan) -> PreparedResume:
    return PreparedResume(plan)


def _cleared(run: LinkedDagRun, task: RunTask, why: str) -> ClearedTask:
    return ClearedTask(run.dag_id, run.run_id, task.task_id, task.map_index, str(task.state), why)


def _place(task: ClearedTask) -> tuple[str, str, str, int]:
    return task.dag_id, task.run_id, task.task_id, task.map_index


def _touched(run: LinkedDagRun, selection: ResumeSelection) -> TouchedRun:
    return TouchedRun(run.dag_id, run.run_id, run.role, str(run.state), len(selection.cleared(run)))


def _forgotten_dag(session: Session, selection: ResumeSelection) -> Refusal | None:
    """The refusal if Airflow no longer knows the DAG of a run to resume, because nothing would run it."""
    dag_ids = {run.dag_id for run in selection.touched}
    for dag_id in sorted((dag_ids - known_dag_ids(session, dag_ids)) | selection.dag_ids_without_dag):
        return Refusal(
            f"Airflow no longer knows DAG {dag_id}, so its run cannot continue.",
            "Deploy its file again; check with: airflow dags list-import-errors",
        )
    return None


def known_dag_ids(session: Session, dag_ids: set[str]) -> set[str]:
    """The subset of these DAG ids that Airflow still knows."""
    from airflow.models.dag import DagModel

    return set(session.scalars(select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids), ~DagModel.is_stale)))


def _paused(session: Session, runs: list[LinkedDagRun], recreated: list[RecreatedRun]) -> list[PausedDag]:
    from airflow.models.dag import DagModel

    dag_ids = {run.dag_id for run in runs} | {run.dag_id for run in recreated}
    paused = session.scalars(
        select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids), DagModel.is_paused).order_by(DagModel.dag_id)
    )
    return [PausedDag(dag_id, f"airflow dags unpause {dag_id}") for dag_id in paused]


def _takes_latest(codes: RunCodes, selection: ResumeSelection) -> bool:
    """Whether the workflow continues with the latest code: as requested, otherwise if no run keeps its version."""
    if codes.asked is not None:
        return codes.asked is Code.LATEST
    return all(codes.of(run.dag_run) is Code.LATEST for run in selection.touched if run.dag_run is not None)


def _code_notes(codes: RunCodes, selection: ResumeSelection) -> list[str]:
    if codes.asked is not Code.SAME:
        return []
    return [
        f"Run {run.run_id} of DAG {run.dag_id} uses a bundle without versions, so it always continues with the "
        "newest code."
        for run in selection.touched
        if run.dag_run is not None and not is_versioned(run.dag_run)
    ]


def _deadline_notes(connection: Connection, workflow_id: str) -> list[str]:
    passed = connection.execute(
        select(schema.workflow.c.deadline_at).where(
            schema.workflow.c.id == workflow_id, schema.workflow.c.deadline_at < database_now()
        )
    ).scalar_one_or_none()
    if passed is None:
        return []
    return [f"Its deadline passed at {passed:%Y-%m-%d %H:%M:%S}Z; --deadline sets a new one."]
