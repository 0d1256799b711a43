"""Resume and restart: the request, the plan and the result.

A resume continues a failed workflow with its unfinished steps. A restart is a resume from a named step: that step and
everything downstream run again as new rounds, even in a workflow that had succeeded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.code import Code, RunCode
from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.step_changes import MAX_DECISIONS, NewStep, UndeclaredStep, parse_renames
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.run_role import RunRole


@dataclass(frozen=True)
class ResumeWorkflow:
    """A user's request to resume or restart a workflow.

    :param workflow_id: id of the workflow; any other text is not found.
    :param from_step: ``step``, ``participant.step`` or ``participant[place].step`` to restart from; None to resume the
        unfinished steps.
    :param reason: the reason, for the journal; None for none. At most 1000 characters are kept.
    :param deadline_seconds: a new deadline, counted from now; None to leave the deadline unchanged.
    :param code: which code the runs use. None to decide as Airflow does when a task is cleared: the DAG's
        ``rerun_with_latest_version``, then ``[core] rerun_with_latest_version``. With the latest code, the workflow
        also adopts the definition in force for its name.
    :param renames: steps that were renamed in the code: old name to new name. The old name may be ``participant.step``.
    :param new_steps: steps that are new, and not renamed steps of the workflow.
    :param actor: who makes the request, for the journal: ``cli:name``. Over HTTP it is always the token's user.
    :param way: how the request came in, for the journal. Over HTTP the server determines it.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (a workflow is resumed only once in any case, because it is then running).
    :param if_version: the version of the workflow that the caller has seen. With another version, nothing is changed.
        None for any version.
    """

    workflow_id: str
    from_step: str | None = None
    reason: str | None = field(default=None, metadata=MASKED)
    deadline_seconds: int | None = None
    actor: str = "cli:unknown"
    way: Way = Way.CLI
    idempotency_key: str | None = None
    if_version: int | None = None
    code: Code | None = None
    renames: Mapping[str, str] = field(default_factory=dict)
    new_steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Refusal:
    """Why a workflow cannot be resumed now, and what to do instead, in full sentences."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class ClearedTask:
    """A task instance that is cleared, so that Airflow runs it again.

    :param map_index: -1 for a task that is not mapped.
    :param state: its current state in Airflow.
    :param why: why it is cleared.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    why: str


@dataclass(frozen=True)
class TouchedRun:
    """A run that continues: its state becomes ``running``.

    :param state: its current state.
    :param cleared_tasks: how many of its tasks are cleared, not counting the relay. 0 for a run that failed without a
        task that could be cleared; Airflow evaluates it again.
    """

    dag_id: str
    run_id: str
    role: RunRole
    state: str
    cleared_tasks: int


@dataclass(frozen=True)
class RecreatedRun:
    """A run that no longer exists in Airflow, and is created again with the same id.

    :param conf: conf of the new run; None if ``created_by`` is a task, which knows it.
    :param created_by: ``resume``, or the task that will trigger it when it runs again (``dag/run/task``).
    """

    dag_id: str
    run_id: str
    role: RunRole
    conf: Mapping[str, object] | None
    created_by: str


@dataclass(frozen=True)
class StepToRun:
    """A step, or a planned step, that will be executed.

    :param step: ``participant.step``, ``participant.step[item]``, or the plan's entry for a step that has not begun.
    :param why: the cause, for instance ``failed: next attempt of round 1``.
    """

    step: str
    why: str


@dataclass(frozen=True)
class PausedDag:
    """A DAG whose runs do not continue until it is unpaused.

    :param command: the command that unpauses it.
    """

    dag_id: str
    command: str


@dataclass(frozen=True)
class NewTask:
    """A task that was added to the DAG after a run was created.

    :param runs: True if it will run, because the run uses the latest code; False if the run keeps its version.
    :param renamed_from: the step that continues in this task under a new name, as ``participant.step``. If it is done,
        the task gets its stored output. None for a task that does other work.
    """

    dag_id: str
    run_id: str
    task_id: str
    runs: bool
    renamed_from: str | None = None


@dataclass(frozen=True)
class DefinitionChange:
    """A definition in force that differs from the workflow's own.

    :param own_number: number of the workflow's version; None if it was never applied from a file.
    :param number: number of the version in force.
    :param differs_in: the differing fields, named as in a definition file.
    :param is_adopted: whether the workflow adopts the version in force, which it does with the latest code.
    """

    own_number: int | None
    own_sha256: str
    number: int
    sha256: str
    differs_in: list[str]
    is_adopted: bool


@dataclass(frozen=True)
class ResumePlan:
    """What a resume or restart would do now.

    :param workflow: the workflow in its current state.
    :param from_step: the step to restart from, as ``participant.step``; None for a resume.
    :param allowed: False if it is refused. ``refusal`` then says why, and the lists are empty.
    :param tasks: the tasks that will be cleared, by DAG, run, task and map index, without the relays.
    :param relays: the relay tasks of the runs that continue. They are also cleared, so that they evaluate the runs
        again.
    :param runs: existing runs that continue.
    :param recreated_runs: missing runs that will be created again.
    :param steps_to_run: steps that will run, in the order in which they first began, followed by planned steps.
    :param steps_answering: finished steps that will return their stored output.
    :param paused_dags: paused DAGs of the runs that continue.
    :param new_tasks: new tasks of the runs that continue.
    :param code: for each existing run that continues, in the same order, the version that it has and will use.
    :param undeclared_steps: steps that have begun, but that no task of the code in use declares, with what will happen
        to each. Also given in a plan that is refused because it is not known whether they were renamed.
    :param new_steps: steps that the code in use declares, but the code of the runs did not. Also given in such a plan.
    :param notes: further information, in sentences.
    :param definition: the definition in force for the workflow's name, if the workflow has another one; otherwise
        None.
    """

    workflow: WorkflowRef
    from_step: str | None
    allowed: bool
    refusal: Refusal | None = None
    tasks: list[ClearedTask] = field(default_factory=list)
    relays: list[ClearedTask] = field(default_factory=list)
    runs: list[TouchedRun] = field(default_factory=list)
    recreated_runs: list[RecreatedRun] = field(default_factory=list)
    steps_to_run: list[StepToRun] = field(default_factory=list)
    steps_answering: list[str] = field(default_factory=list)
    paused_dags: list[PausedDag] = field(default_factory=list)
    new_tasks: list[NewTask] = field(default_factory=list)
    code: list[RunCode] = field(default_factory=list)
    undeclared_steps: list[UndeclaredStep] = field(default_factory=list)
    new_steps: list[NewStep] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    definition: DefinitionChange | None = None


@dataclass(frozen=True)
class ResumedWorkflow:
    """What a resume or restart did.

    :param workflow: the workflow after the request.
    :param changed: False if there was nothing to resume, because it is running or has succeeded.
    :param outcome: the result in one sentence, for people.
    :param cleared_tasks: how many task instances were cleared, without the relays.
    :param cleared_relays: how many relays were cleared.
    :param recreated_runs: how many runs were created again.
    :param paused_dag_ids: DAGs that must be unpaused before their runs continue.
    """

    workflow: WorkflowRef
    changed: bool
    outcome: str
    cleared_tasks: int = 0
    cleared_relays: int = 0
    recreated_runs: int = 0
    paused_dag_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PlanResume:
    """The request for the plan of a resume or restart. Its fields are those of :class:`ResumeWorkflow`."""

    workflow_id: str
    from_step: str | None = field(default=None, metadata=asked("The step to restart from", is_filter=False))
    code: Code | None = field(default=None, metadata=asked("Which code the runs would use", is_filter=False))
    renames: Mapping[str, str] = field(
        default_factory=dict,
        metadata=asked(
            "A finished step that was renamed in the code, as old=new",
            parameter="rename",
            is_filter=False,
            parse=parse_renames,
            max_items=MAX_DECISIONS,
        ),
    )
    new_steps: list[str] = field(
        default_factory=list,
        metadata=asked(
            "A step that was added to the code and is new",
            parameter="new_step",
            is_filter=False,
            parse=list,
            max_items=MAX_DECISIONS,
        ),
    )


RESUME_WORKFLOW: Final = Operation(
    name="resume_workflow",
    method="POST",
    path="/workflows/{workflow_id}/resume",
    request=ResumeWorkflow,
    answer=ResumedWorkflow,
    says="Resume a failed workflow with its unfinished steps. A running workflow stays as it is.",
    who=Who.PERSON,
    tag="resume",
    body="ResumeBody",
    body_types={"from_step": type(None)},
    is_keyed=True,
    needs_server=True,
)

RESTART_WORKFLOW: Final = Operation(
    name="restart_workflow",
    method="POST",
    path="/workflows/{workflow_id}/restart",
    request=ResumeWorkflow,
    answer=ResumedWorkflow,
    says="Restart a failed or succeeded workflow from a step.",
    who=Who.PERSON,
    tag="resume",
    body="RestartBody",
    body_types={"from_step": str},
    is_keyed=True,
    needs_server=True,
)

PLAN_RESUME: Final = Operation(
    name="plan_resume",
    method="GET",
    path="/workflows/{workflow_id}/resume-plan",
    request=PlanResume,
    answer=ResumePlan,
    says="Show what a resume, or a restart from a step, would do now, without changing anything.",
    who=Who.READER,
    tag="resume",
    needs_server=True,
)
