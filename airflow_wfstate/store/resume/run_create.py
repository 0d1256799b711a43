"""Recreate a run that is gone from Airflow, under the id that links it to its workflow.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.resume import RecreatedRun, Refusal
from airflow_wfstate.domain.rules.definition import parse_definition
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import Conflict
from airflow_wfstate.redaction import masked_value
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import START_OPERATOR
from airflow_wfstate.store.payloads.stored_payload import payload_of
from airflow_wfstate.store.resume.selection import ResumeSelection, has_waited
from airflow_wfstate.store.runs.linked_run import LinkedDagRun
from airflow_wfstate.store.steps.row import StepRow

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag
    from airflow.serialization.definitions.dag import SerializedDAG

BY_RESUME: Final = "resume"

_DONE: Final = (StepState.SUCCEEDED, StepState.SKIPPED)


@dataclass(frozen=True)
class GoneRuns:
    """What to do about a workflow's runs that are gone from Airflow.

    :param runs: the runs to recreate.
    :param notes: notes about the runs that are not recreated.
    :param refusal: why the workflow cannot continue without one of them.
    """

    runs: list[RecreatedRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusal: Refusal | None = None


def plan_gone_runs(
    session: Session,
    dag_bag: DBDagBag,
    workflow_id: str,
    runs: list[LinkedDagRun],
    selection: ResumeSelection,
    steps: list[StepRow],
) -> GoneRuns:
    """Decide about the owner and child runs that are gone, the owner first."""
    recreated: list[RecreatedRun] = []
    notes: list[str] = []
    by_id = {step.id: step for step in steps}
    gone = [run for run in runs if run.decides and run.dag_run is None]
    for run in sorted(gone, key=lambda run: run.role is not RunRole.OWNER):
        if run.role is RunRole.OWNER:
            planned = _plan_owner(session, dag_bag, run, _read_input(session, workflow_id))
            if isinstance(planned, Refusal):
                return GoneRuns(refusal=planned)
            recreated.append(planned)
            continue
        parent = by_id.get(run.parent_step_id or "")
        if parent is None or has_waited(parent.output):
            continue  # it ended well, and nothing waits for it
        parent_is_recreated = any((other.dag_id, other.run_id) == (parent.dag_id, parent.run_id) for other in recreated)
        if parent.state is not StepState.SUCCEEDED and (parent_is_recreated or selection.is_cleared(parent)):
            task = f"{parent.dag_id}/{parent.run_id}/{parent.task_id}"
            recreated.append(RecreatedRun(run.dag_id, run.run_id, run.role, conf=None, created_by=task))
        elif any((step.dag_id, step.run_id) == run.key and step.state not in _DONE for step in steps):
            notes.append(
                f"Run {run.run_id} of DAG {run.dag_id} is gone, and the step that triggered it is done. Its unfinished "
                "steps run only if you trigger a run with that id again."
            )
    return GoneRuns(recreated, notes)


def refusal_of_gone_owner(
    session: Session, dag_bag: DBDagBag, workflow_id: str, runs: list[LinkedDagRun]
) -> Refusal | None:
    """Return why the workflow cannot continue without its owner; None if that exists or can be recreated.

    The refusal of :func:`plan_gone_runs` is the same, as it never concerns any other run.
    """
    for run in runs:
        if run.role is RunRole.OWNER and run.dag_run is None:
            planned = _plan_owner(session, dag_bag, run, _read_input(session, workflow_id))
            if isinstance(planned, Refusal):
                return planned
    return None


def _plan_owner(
    session: Session, dag_bag: DBDagBag, run: LinkedDagRun, workflow_input: _Input
) -> RecreatedRun | Refusal:
    """Plan how to recreate the run that owns a workflow, or refuse if its conf cannot be known.

    A run's conf is deleted with the run. It is known only when the workflow's input was the run's params, which is
    what a start uses when it declares no input.

    :param workflow_input: the input stored at the start.
    """
    dag_id, run_id = run.key
    dag = dag_bag.get_latest_version_of_dag(dag_id, session=session)
    subject = f"Run {run_id} of DAG {dag_id}, which owns the workflow, is gone"
    if dag is None:
        return Refusal(f"{subject}, and so is the DAG.", "Deploy the DAG again first.")
    if not _is_triggered(run_id):
        return Refusal(f"{subject}, and so is its logical date.", _manual_remedy(dag_id, run_id, workflow_input))
    if not isinstance(workflow_input.value, dict) or not _takes_params(dag):
        return Refusal(f"{subject}, and so is its conf.", _manual_remedy(dag_id, run_id, workflow_input))
    return RecreatedRun(dag_id, run_id, RunRole.OWNER, conf=workflow_input.value, created_by=BY_RESUME)


def create_run(session: Session, dag_bag: DBDagBag, run: RecreatedRun, user_name: str) -> None:
    """Create the run in the queued state, in the transaction of the session.

    Not through ``airflow.api.common.trigger_dag``: it looks for a duplicate in a separate session, which on SQLite
    would not see this transaction.

    :raises Conflict: Airflow refuses to create it, for instance because the DAG's params no longer accept the conf.
    """
    from airflow.sdk.exceptions import AirflowException
    from airflow.sdk.timezone import utcnow
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    dag: Any = dag_bag.get_latest_version_of_dag(run.dag_id, session=session)
    try:
        dag.create_dagrun(
            run_id=run.run_id,
            run_after=utcnow(),
            conf=dict(run.conf or {}),
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.REST_API,
            triggering_user_name=user_name,
            state=DagRunState.QUEUED,
            session=session,
        )
    except (ValueError, AirflowException) as error:
        raise Conflict(
            f"Airflow refuses to recreate run {run.run_id} of DAG {run.dag_id}: {error}.",
            _manual_remedy(run.dag_id, run.run_id, _Input(_json_conf(run), ())),
        ) from error


@dataclass(frozen=True)
class _Input:
    """The input that a workflow was started with.

    :param value: None for a workflow that a step started, as it has no input.
    :param redact: the parts that are hidden from users.
    """

    value: JsonValue
    redact: Sequence[str]


def _read_input(session: Session, workflow_id: str) -> _Input:
    workflow, definition = schema.workflow, schema.definition
    row = session.execute(
        select(
            workflow.c.implicit, workflow.c.input, workflow.c.input_type, workflow.c.input_sha256, definition.c.content
        )
        .join(
            definition, (definition.c.name == workflow.c.name) & (definition.c.sha256 == workflow.c.definition_sha256)
        )
        .where(workflow.c.id == workflow_id)
    ).one()
    payload = payload_of(row.input, row.input_type, row.input_sha256)
    value = None if row.implicit or payload is None else payload.value()
    return _Input(value, parse_definition(row.content).redact)


def shown_runs(session: Session, workflow_id: str, runs: Sequence[RecreatedRun]) -> list[RecreatedRun]:
    """The runs as users may see them: a conf that was the workflow's input is masked like the input."""
    if all(run.conf is None for run in runs):
        return list(runs)
    redact = _read_input(session, workflow_id).redact
    return [
        run if run.conf is None else replace(run, conf=cast("dict[str, object]", masked_value(_json_conf(run), redact)))
        for run in runs
    ]


def _json_conf(run: RecreatedRun) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", dict(run.conf or {}))  # it was JSON


def _is_triggered(run_id: str) -> bool:
    """Whether a person or a task triggered the run: such a run has no logical date that could be lost with it."""
    from airflow.utils.types import DagRunType

    return DagRunType.from_run_id(run_id) is DagRunType.MANUAL


def _takes_params(dag: SerializedDAG) -> bool:
    """Whether the DAG's start declares no input, so that it starts its workflow with the run's params."""
    starts = [task for task in dag.tasks if task.task_type == START_OPERATOR]
    return bool(starts) and all(getattr(task, "input", None) is None for task in starts)


def _manual_remedy(dag_id: str, run_id: str, workflow_input: _Input) -> str:
    shown = masked_value(workflow_input.value, workflow_input.redact)
    conf = json.dumps(shown) if isinstance(shown, dict) else "{}"
    command = shlex.join(["airflow", "dags", "trigger", dag_id, "--run-id", run_id, "--conf", conf])
    return f"Create it with its original conf, then resume: {command}"
