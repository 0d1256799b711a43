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
"""How many characters of an error are stored; the task's log has the full text."""

LEFT_BEHIND: Final = "wfstate.left_behind"
"""The checkpoint with what a round leaves in Airflow besides its output: XComs and asset events."""


class BeginDecision(str, Enum):
    """The answer to a begin.

    ``run``: this task instance holds the attempt and must do the work. ``answered``: the step is already done, here is
    its output. ``busy``: another live task instance holds the step, ask again later. ``skipped``: a guest of a closed
    workflow has nothing to do here.
    """

    RUN = "run"
    ANSWERED = "answered"
    BUSY = "busy"
    SKIPPED = "skipped"


class OnClear(str, Enum):
    """What to do if someone clears a task whose step has succeeded.

    ``rerun``: execute it again, as a new round. ``reuse``: return the stored output.
    """

    RERUN = "rerun"
    REUSE = "reuse"


@dataclass(frozen=True)
class BeginStep:
    """A task instance's request to begin a step.

    Workflow and participant are derived from the task instance, never from the request.

    :param task_instance_id: id of the task instance, which must be running.
    :param name: name of the step, by default the task id.
    :param item_key: tells the items of a mapped step apart; empty for a step that is not mapped.
    :param compensation: the compensation that this step declares; None for none.
    :param relay_task_id: task id of the DAG's CompensateWorkflowOperator; None if it has none.
    :param on_clear: what to do if the task is cleared after the step has succeeded.
    :param pivot: whether the workflow can only go forward once this step is done, and none of its steps is undone.
    :param irreversible: why the step cannot be undone, in the author's words; None if it is not declared irreversible.
    :param redact: JSON paths into the step's output and checkpoints whose values are hidden from users.
    :param arguments_sha256: hash of the arguments of a mapped item, which distinguishes two items with the same key
        from one item that has moved. None if the task is not mapped, or they cannot be hashed.
    :param sole_task: whether no other task of the caller's DAG declares this step. If another task of the run executed
        it, that must then be the same task under its former name. If False, another task means another step.
    :param was: former names of the step. If it began under one of them, and not under its own name, it is renamed.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (a task instance begins a step only once in any case).
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

    :param attempt: number of the attempt, counted from 1 over the whole life of the step; 0 if none was begun.
    :param round: number of the round, from 1; 0 if none was begun.
    :param idempotency_key: the same for every attempt of the round; empty unless the decision is ``run``.
    :param attempt_key: the key that every later write of the attempt must carry; empty unless the decision is ``run``.
    :param writes_applied: number of the attempt's last applied write; the next number must be higher.
    :param checkpoints: the last value saved under each name in this round. If the decision is ``answered``, only
        :data:`LEFT_BEHIND`.
    :param output: the output, if the decision is ``answered``.
    :param answered_state: ``succeeded`` or ``skipped``, if the decision is ``answered``.
    :param holder: the task instance that holds the step, for display, if the decision is ``busy``.
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
    """A value to save in a round.

    :param attempt_key: from :class:`BegunStep`.
    :param write: number of this write, higher than the attempt's earlier ones. A write with the number of the last
        applied one changes nothing: with the same content it is a repetition and gets the same answer, with other
        content it is refused. A lower number is refused, too.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (the number protects in any case).
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
    :param state: ``succeeded`` (with an output), ``failed`` (with an error), ``lost`` (with an error; it is not known
        whether the step acted, so it counts as possibly done), ``skipped``, or ``waiting`` (deferred or rescheduled;
        the same task instance begins again later).
    :param output: the output; required for ``succeeded``, otherwise refused.
    :param error: the error as readable text; required for ``failed`` and ``lost``, otherwise refused.
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
    """A run that the step is about to trigger, linked before it exists so that its first step finds the workflow.

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
    """The answer to a :class:`LinkChildRun`, which is the same however often it is sent.

    :param write: number of the write.
    :param run_id: id of the run to trigger and wait for. It is the requested one, except in a later round of the step
        if a run of an earlier round was resumed in the meantime. Then that run is used, and no other is triggered.
    """

    step_id: str
    attempt: int
    write: int
    run_id: str


@dataclass(frozen=True)
class RecordedWrite:
    """The answer to an attempt's write, which is the same however often it is sent.

    :param write: number of the write.
    """

    step_id: str
    attempt: int
    write: int


@dataclass(frozen=True)
class Wait:
    """A period in which an attempt was deferred or rescheduled.

    :param ended_at: when the attempt continued or ended; None while it still waits.
    """

    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class AttemptSummary:
    """One try at a round.

    :param state: ``running``, ``waiting``, ``succeeded``, ``failed``, ``skipped`` or ``lost``.
    :param dag_version_id: Airflow's id of the DAG version that it ran; None if Airflow reported none, or for attempts
        before revision 0007.
    :param bundle_version: the bundle version that it ran, for Git the commit; None in the same cases, or for a bundle
        without versions.
    :param queued_at: when Airflow last queued its task instance before it began; None if Airflow does not tell (any
        more), or has queued it again since.
    :param hostname: host of the worker that Airflow last saw its task instance on; None if it does not tell (any more).
    :param ended_at: when it ended; None while it is open.
    :param waits: its waits, in order; those from before revision 0007 are not known.
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
    """A checkpoint without its value."""

    round: int
    name: str
    type: str
    size: int
    sha256: str
    attempt: int
    saved_at: datetime


@dataclass(frozen=True)
class StepSummary:
    """A step, for display.

    :param participant: the DAG or the service that the step belongs to.
    :param place: the name of the step that triggered the participant's run, if the participant takes part at several
        places of the workflow; otherwise None.
    :param parent_step_id: id of the step that triggered the participant's run; None if none did.
    :param round: number of the newest round.
    :param attempts: the attempts of all rounds, in order; empty for a step of a service, which Airflow does not run.
    :param output: the redacted output of the newest round that succeeded. None if there is none, if the reader may not
        see the participant's payloads, or, in a list, if it is large or stored in a file.
    :param output_in_file: whether the output is stored in a file outside the database.
    :param output_left_out: whether this list leaves out the output, because its column has more than 16 KiB or it is
        stored in a file. Get the step for it.
    :param output_size: size of the output in bytes; None if there is no output.
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
    def is_of_service(self) -> bool:
        """Whether it belongs to a service, which reports it with events, so that it has no attempts in Airflow."""
        return not self.attempts

    @property
    def called(self) -> StepName:
        """The name of the step."""
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
    says="Begin the next attempt of a step, or find out that there is nothing to do.",
    who=Who.TASK,
    tag="steps",
)

SAVE_CHECKPOINT: Final = Operation(
    name="save_checkpoint",
    method="POST",
    path="/steps/checkpoint",
    request=SaveCheckpoint,
    answer=RecordedWrite,
    says="Save a checkpoint in the round.",
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
