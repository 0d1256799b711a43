"""Resume and restart: what a person asks for, what would happen, and what did.

A resume sets a failed workflow going again from what is unfinished. A restart is a resume from a named step on: that
step and everything below it run again as new rounds, also in a workflow that had succeeded.
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
    """A person's wish to set a workflow going again.

    :param workflow_id: an id; anything else names no workflow.
    :param from_step: ``step``, ``participant.step`` or ``participant[place].step`` to restart from; None to resume what
        is unfinished.
    :param reason: why, for the journal; None for no reason. At most 1000 characters are kept.
    :param deadline_seconds: a new deadline, from now on; None leaves the deadline as it is.
    :param code: which code the runs go on with; None to decide as Airflow itself does when a task is cleared: the DAG's
        ``rerun_with_latest_version``, then ``[core] rerun_with_latest_version``. With the latest code the workflow also
        adopts the definition in force for its name.
    :param renames: steps that have another name in the code that is used: old name, new name. The old one may be
        ``participant.step``.
    :param new_steps: steps that are new work, and no step of the workflow under another name.
    :param actor: who asks, for the journal: ``cli:name``. Over HTTP it is the user whom the token names, whatever
        stands here.
    :param way: which way the wish came, for the journal. Over HTTP it is known, whatever stands here.
    :param idempotency_key: sent again with the same body, the resume answers as the first time; None for no such
        protection (a workflow is resumed once in any case: it is running then).
    :param if_version: the version of the workflow that was looked at; in another one nothing is changed. None: in any.
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
    """Why a workflow cannot be resumed now, and what to do instead; full sentences."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class ClearedTask:
    """A task instance that is cleared, so that Airflow runs it again.

    :param map_index: -1 for a task that is not mapped.
    :param state: in which it is now, as Airflow names it.
    :param why: it is cleared.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    why: str


@dataclass(frozen=True)
class TouchedRun:
    """A run that goes on: its state becomes ``running``.

    :param state: in which it is now.
    :param cleared_tasks: how many of its tasks are cleared, the relay not counted. 0 for a run that failed without
        a task that could be cleared: Airflow judges it anew.
    """

    dag_id: str
    run_id: str
    role: RunRole
    state: str
    cleared_tasks: int


@dataclass(frozen=True)
class RecreatedRun:
    """A run that is gone from Airflow, and is created again under the same id.

    :param conf: of the new run; None when ``created_by`` is a task, which knows it.
    :param created_by: ``resume``, or the task that triggers it when it runs again (``dag/run/task``).
    """

    dag_id: str
    run_id: str
    role: RunRole
    conf: Mapping[str, object] | None
    created_by: str


@dataclass(frozen=True)
class StepToRun:
    """A step, or a planned one, that will be executed.

    :param step: ``participant.step``, ``participant.step[item]``, or the plan's entry of one that has not begun.
    :param why: for instance ``failed: next attempt of round 1``.
    """

    step: str
    why: str


@dataclass(frozen=True)
class PausedDag:
    """A DAG whose runs do not go on until somebody unpauses it.

    :param command: that unpauses it.
    """

    dag_id: str
    command: str


@dataclass(frozen=True)
class NewTask:
    """A task that the DAG has gained since a run was made.

    :param runs: True when it runs with the rest, because the run goes on with the latest code; False when the run
        keeps its version.
    :param renamed_from: the step that goes on in this task under a new name, as ``participant.step``: if it is done,
        the task gets its stored output. None for a task that does other work.
    """

    dag_id: str
    run_id: str
    task_id: str
    runs: bool
    renamed_from: str | None = None


@dataclass(frozen=True)
class DefinitionChange:
    """The definition in force, which is another one than the workflow's.

    :param own_number: of the version that the workflow has; None when it was never applied from a file.
    :param number: of the version in force.
    :param differs_in: the fields, as a definition file names them.
    :param is_adopted: whether the workflow gets the one in force: so it is where the latest code is used.
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

    :param workflow: in its state of now.
    :param from_step: the step to restart from, as ``participant.step``; None for a resume.
    :param allowed: False when nothing may be done; ``refusal`` says why, and the lists are empty.
    :param tasks: that are cleared, by DAG, run, task and map index; without the relays.
    :param relays: the relay tasks of the runs that go on; they are cleared too, so that they judge the runs anew.
    :param runs: that exist and go on.
    :param recreated_runs: that are gone.
    :param steps_to_run: in the order in which they first began, followed by planned ones that have not.
    :param steps_answering: that are done, and whose stored outputs answer whoever comes to them.
    :param paused_dags: of the runs that go on.
    :param new_tasks: of the runs that go on.
    :param code: of the runs that exist and go on, in their order: which version each has and will use.
    :param undeclared_steps: that have begun, and that no task of the code which is used declares, with what becomes of
        each. Also in a plan that is refused because it is not known whether they have been renamed.
    :param new_steps: that the code which is used declares, and that of the runs did not. Also in such a plan.
    :param notes: what else a person should know, as sentences.
    :param definition: that is in force for the workflow's name, where it has another one; None where it has that one,
        or none is applied.
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

    :param workflow: in its state after it.
    :param changed: False when there was nothing to resume: it is running, or has succeeded.
    :param outcome: in one sentence, for people.
    :param cleared_tasks: how many task instances were cleared, without the relays.
    :param cleared_relays: how many relays were.
    :param recreated_runs: how many runs were created again.
    :param paused_dag_ids: DAGs that somebody must unpause before their runs go on.
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
    """The request for what a resume, or a restart, would do; its fields are those of :class:`ResumeWorkflow`."""

    workflow_id: str
    from_step: str | None = field(default=None, metadata=asked("The step to restart from", is_filter=False))
    code: Code | None = field(default=None, metadata=asked("Which code the runs would go on with", is_filter=False))
    renames: Mapping[str, str] = field(
        default_factory=dict,
        metadata=asked(
            "A step that is done has another name in the code, old=new",
            parameter="rename",
            is_filter=False,
            parse=parse_renames,
            max_items=MAX_DECISIONS,
        ),
    )
    new_steps: list[str] = field(
        default_factory=list,
        metadata=asked(
            "A step that the code has gained is new work",
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
    says="Set a failed workflow going again from what is unfinished; one that is running stays as it is.",
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
    says="Have a failed or succeeded workflow run again from a step on.",
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
    says="What a resume, or a restart from a step, would do now. Nothing is changed.",
    who=Who.READER,
    tag="resume",
    needs_server=True,
)
