"""A step: a durable unit of work, its rounds, attempts and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, CompensationSummary
from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.step_name import StepName, placed

MAX_ERROR_LENGTH: Final = 10_000
"""Characters of an error that are kept; the task's log has all."""

LEFT_BEHIND: Final = "wfstate.left_behind"
"""The checkpoint that keeps what a round leaves in Airflow besides its output: XComs, and what asset events say."""


class BeginDecision(str, Enum):
    """What a begin answers.

    ``run``: this task instance holds the attempt and shall do the work; ``answered``: the step was done before,
    here is its output; ``busy``: another live task instance is at it, ask again later; ``skipped``: a guest of a
    closed workflow has nothing to do here.
    """

    RUN = "run"
    ANSWERED = "answered"
    BUSY = "busy"
    SKIPPED = "skipped"


class OnClear(str, Enum):
    """What it means that a person cleared a task whose step had succeeded.

    ``rerun``: a wish to run it again, as a new round; ``reuse``: the stored output answers.
    """

    RERUN = "rerun"
    REUSE = "reuse"


@dataclass(frozen=True)
class BeginStep:
    """The wish of a task instance to do a step.

    Workflow and participant follow from the task instance, never from the request.

    :param task_instance_id: it must be running.
    :param name: of the step, by default the task id.
    :param item_key: tells the items of a mapped step apart; empty for a step that is not mapped.
    :param compensation: the undo that this step declares; None for a step without one.
    :param relay_task_id: the DAG's CompensateWorkflowOperator; None when it has none.
    :param on_clear: what it means that the task was cleared after the step had succeeded.
    :param pivot: whether the workflow only goes forward once this step is done: nothing of it is undone then.
    :param irreversible: why the step cannot be undone, in its author's words; None when nothing is said about that.
    :param redact: JSON paths into the step's output and checkpoints whose values people do not get to see.
    :param arguments_sha256: hash of the arguments of a mapped item, by which two items with one key are told from an
        item that has moved; None when the task is not mapped, or they cannot be hashed.
    :param sole_task: whether no other task of the caller's DAG declares this step, so that another task of the run that
        did it can only be the caller's under the name that it had before. False: another is taken for another step.
    :param was: names that the step had before: where it began under one of them, and not under its name, it is renamed.
    :param idempotency_key: sent again with the same body, the begin answers as the first time; None for no such
        protection (a task instance begins a step once in any case).
    """

    task_instance_id: str
    name: str
    item_key: str = ""
    compensation: CompensationDeclaration | None = None
    relay_task_id: str | None = None
    on_clear: OnClear = OnClear.RERUN
    pivot: bool = False
    irreversible: str | None = None
    redact: list[str] = field(default_factory=list)
    arguments_sha256: str | None = None
    sole_task: bool = False
    was: list[str] = field(default_factory=list)
    idempotency_key: str | None = None


@dataclass(frozen=True)
class BegunStep:
    """The answer to a begin.

    :param attempt: number of the attempt, counted through the step's life from 1; 0 when none was begun.
    :param round: number of the round from 1; 0 when none was begun.
    :param idempotency_key: the same on every attempt of the round; empty unless the decision is ``run``.
    :param attempt_key: what every later write of the attempt carries; empty unless the decision is ``run``.
    :param writes_applied: number of the attempt's last write that was applied; the next one is above it.
    :param checkpoints: by name, the last value saved in this round; when the decision is ``answered``, of
        :data:`LEFT_BEHIND` alone.
    :param output: when the decision is ``answered``.
    :param answered_state: when the decision is ``answered``: ``succeeded`` or ``skipped``.
    :param holder: when the decision is ``busy``: the task instance at work, for people.
    """

    decision: BeginDecision
    workflow: WorkflowRef
    step_id: str
    attempt: int = 0
    round: int = 0
    idempotency_key: str = ""
    attempt_key: str = ""
    writes_applied: int = 0
    checkpoints: dict[str, Payload] = field(default_factory=dict)
    output: Payload | None = None
    answered_state: StepState | None = None
    holder: str | None = None


@dataclass(frozen=True)
class SaveCheckpoint:
    """A value to keep inside a round.

    :param attempt_key: from :class:`BegunStep`.
    :param write: number of this write, above the attempt's earlier ones. One with the number of the last that was
        applied changes nothing: saying the same, it was sent again, and gets the same answer; else it is refused, as a
        lower one is.
    :param idempotency_key: sent again with the same body, it answers as the first time; None for no such protection
        (the number protects in any case).
    """

    attempt_key: str
    write: int
    name: str
    value: Payload
    idempotency_key: str | None = None


@dataclass(frozen=True)
class EndAttempt:
    """How an attempt ended, or that it waits.

    :param attempt_key: from :class:`BegunStep`.
    :param write: as for :class:`SaveCheckpoint`.
    :param state: ``succeeded`` (with an output), ``failed`` (with an error), ``lost`` (with an error: whether the step
        acted is not known, so it counts as possibly done), ``skipped``, or ``waiting`` (deferred or rescheduled; the
        same task instance begins again later).
    :param output: required for ``succeeded``, refused otherwise.
    :param error: one line or more, for people; required for ``failed`` and ``lost``, refused otherwise.
    :param idempotency_key: as for :class:`SaveCheckpoint`.
    """

    attempt_key: str
    write: int
    state: StepState
    output: Payload | None = None
    error: str | None = field(default=None, metadata=MASKED)
    idempotency_key: str | None = None


@dataclass(frozen=True)
class LinkChildRun:
    """A run that the step is about to trigger: linked before it exists, so that its first step finds the workflow.

    :param attempt_key: from :class:`BegunStep`.
    :param write: as for :class:`SaveCheckpoint`.
    :param idempotency_key: as for :class:`SaveCheckpoint`.
    """

    attempt_key: str
    write: int
    dag_id: str
    run_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True)
class LinkedChildRun:
    """The answer to a :class:`LinkChildRun`, the same however often it is sent.

    :param write: its number.
    :param run_id: of the run to trigger and to wait for: the one that was asked for. In a later round of the step
        another one, when a run of an earlier round was set going again since: then none is triggered beside it.
    """

    step_id: str
    attempt: int
    write: int
    run_id: str


@dataclass(frozen=True)
class RecordedWrite:
    """The answer to an attempt's write, the same however often it is sent.

    :param write: its number.
    """

    step_id: str
    attempt: int
    write: int


@dataclass(frozen=True)
class Wait:
    """A time in which an attempt was deferred or rescheduled.

    :param ended_at: when it went on or ended; None while it still waits.
    """

    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class AttemptSummary:
    """One try at a round.

    :param state: ``running``, ``waiting``, ``succeeded``, ``failed``, ``skipped`` or ``lost``.
    :param dag_version_id: of Airflow: the version of the DAG that it ran; None when Airflow said none, and of attempts
        before revision 0007.
    :param bundle_version: that it ran, for Git the commit; None of a bundle without versions as well.
    :param queued_at: when Airflow last queued its task instance before it began; None when Airflow does not tell (any
        more), or has queued it again since.
    :param hostname: of the worker that Airflow last knew its task instance on; None when it does not tell (any more).
    :param ended_at: None while it is open.
    :param waits: in order; those from before revision 0007 are not known.
    """

    number: int
    round: int
    state: StepState
    task_instance_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    dag_version_id: str | None
    bundle_version: str | None
    queued_at: datetime | None
    hostname: str | None
    started_at: datetime
    ended_at: datetime | None
    error: str | None
    waits: list[Wait]


@dataclass(frozen=True)
class CheckpointSummary:
    """What is saved under a name, without its value."""

    round: int
    name: str
    type: str
    size: int
    sha256: str
    attempt: int
    saved_at: datetime


@dataclass(frozen=True)
class StepSummary:
    """A step as people see it.

    :param participant: the DAG (or, later, the service) that does it.
    :param place: the name of the step that triggered the participant's run, where the participant takes part at several
        places of the workflow; None where its name tells enough.
    :param parent_step_id: of the step that triggered the participant's run; None when none did.
    :param round: the newest round's number.
    :param output: of the newest round that succeeded, masked; None when there is none, when the reader may not see
        the payloads of the participant, and in a list when it is large or kept in a file.
    :param output_in_file: whether it is kept in a file, outside of the database.
    :param output_left_out: whether this list leaves it out, since its column has more than 16 KiB or it is kept in a
        file: the step alone has it.
    :param output_size: bytes; None when there is no output.
    """

    id: str
    participant: str
    name: str
    item_key: str
    state: StepState
    round: int
    started_at: datetime
    updated_at: datetime
    attempts: list[AttemptSummary]
    checkpoints: list[CheckpointSummary]
    compensations: list[CompensationSummary]
    output: Payload | None
    output_in_file: bool
    output_type: str | None
    output_size: int | None
    output_sha256: str | None
    error: str | None
    place: str | None = None
    parent_step_id: str | None = None
    output_left_out: bool = False

    @property
    def called(self) -> StepName:
        """What it is called."""
        return StepName(self.participant, self.name, self.item_key, placed(self.place))

    @property
    def label(self) -> str:
        """``name``, or ``name[item_key]`` for an item of a mapped step."""
        return self.called.short


BEGIN_STEP: Final = Operation(
    name="begin_step",
    method="POST",
    path="/steps/begin",
    request=BeginStep,
    answer=BegunStep,
    says="Begin the next attempt of a step, or learn that there is nothing to do.",
    who=Who.TASK,
    tag="steps",
)

SAVE_CHECKPOINT: Final = Operation(
    name="save_checkpoint",
    method="POST",
    path="/steps/checkpoint",
    request=SaveCheckpoint,
    answer=RecordedWrite,
    says="Keep a value inside the round.",
    who=Who.ATTEMPT,
    tag="steps",
)

END_ATTEMPT: Final = Operation(
    name="end_attempt",
    method="POST",
    path="/steps/end",
    request=EndAttempt,
    answer=RecordedWrite,
    says="Record how an attempt ended, or that it waits.",
    who=Who.ATTEMPT,
    tag="steps",
)

LINK_CHILD_RUN: Final = Operation(
    name="link_child_run",
    method="POST",
    path="/steps/child-run",
    request=LinkChildRun,
    answer=LinkedChildRun,
    says="Bind a run that is about to be triggered to the workflow of the step.",
    who=Who.ATTEMPT,
    tag="steps",
)
