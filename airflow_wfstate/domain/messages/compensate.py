"""A person's wish to undo a workflow, and a person's decision about one compensation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.cancel import UnfinishedTask
from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.staying import StayingSteps
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState


@dataclass(frozen=True)
class CompensateWorkflow:
    """The wish to undo what a workflow did.

    :param workflow_id: an id; anything else names no workflow.
    :param reason: why, for the journal; None for no reason. At most 1000 characters are kept.
    :param code: which code the relays use that are cleared to undo it, from now on; None to leave it as it is: as a
        person asked before, else as Airflow itself decides.
    :param actor: who asks, for the journal: ``cli:name``. Over HTTP it is the user whom the token names, whatever
        stands here.
    :param way: which way the wish came, for the journal. Over HTTP it is known, whatever stands here.
    :param idempotency_key: sent again with the same body, it answers as the first time; None for no such protection
        (a workflow is undone once in any case).
    :param if_version: the version of the workflow that was looked at; in another one nothing is changed. None: in any.
    """

    workflow_id: str
    reason: str | None = field(default=None, metadata=MASKED)
    actor: str = "cli:unknown"
    way: Way = Way.CLI
    idempotency_key: str | None = None
    if_version: int | None = None
    code: Code | None = None


@dataclass(frozen=True)
class PlannedCompensation:
    """An undo that is to be run, or was.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: in which it is now.
    :param dag_id: with ``run_id``: of the run whose relay runs it; both empty for a step of a service, which is asked.
    :param output: of the round, which the handler is given; None when the round has none (it failed, or is lost), when
        the reader may not see it, and when it is large or kept in a file: its step has it.
    :param obstacle: why nobody could run it now, in one sentence; None when nothing is known to be in the way.
    """

    step: str
    round: int
    handler: str
    state: CompensationState
    dag_id: str
    run_id: str
    output: Payload | None = None
    obstacle: str | None = None


@dataclass(frozen=True)
class IrreversibleStep:
    """A step that acted, or may have, and cannot be undone.

    :param reason: in its author's words: "email sent".
    """

    step: str
    reason: str


@dataclass(frozen=True)
class CompensatePlan:
    """What a :class:`CompensateWorkflow` would do now.

    :param workflow: in its state of now.
    :param changes: False when nothing would be changed.
    :param next_state: what the workflow becomes; its state of now when nothing changes.
    :param outcome: the same in one sentence, for people.
    :param undone: what is undone, in order.
    :param open_steps: at work now; they are ended first, and what they did is known only then.
    :param irreversible: what stays although it was done.
    :param stays: what acted, or may have, and has no undo.
    :param already: what was undone, or given up by a person, before; in the order in which the steps began.
    :param not_needed: undos that are not run, because their rounds did not act, or because their functions found that
        there was nothing to undo; in the same order.
    :param tasks: that are set to failed, by DAG, run, task and map index.
    """

    workflow: WorkflowRef
    changes: bool
    next_state: WorkflowState
    outcome: str
    undone: list[PlannedCompensation] = field(default_factory=list)
    open_steps: list[str] = field(default_factory=list)
    irreversible: list[IrreversibleStep] = field(default_factory=list)
    stays: StayingSteps = field(default_factory=StayingSteps)
    already: list[PlannedCompensation] = field(default_factory=list)
    not_needed: list[PlannedCompensation] = field(default_factory=list)
    tasks: list[UnfinishedTask] = field(default_factory=list)


@dataclass(frozen=True)
class CompensatedWorkflow:
    """What a :class:`CompensateWorkflow` did.

    :param workflow: in its state after it.
    :param changed: False when it was being undone, or had nothing to undo.
    :param outcome: in one sentence, for people.
    :param failed_tasks: how many task instances were set to failed.
    """

    workflow: WorkflowRef
    changed: bool
    outcome: str
    failed_tasks: int = 0


class Decision(str, Enum):
    """What a person decides about one compensation.

    ``retry``: let it be tried again, as many times as its step declares; ``skip``: leave undone what it would undo;
    ``done``: it has been undone by hand.
    """

    RETRY = "retry"
    SKIP = "skip"
    DONE = "done"


@dataclass(frozen=True)
class DecideCompensation:
    """A person's decision about the undo of a step.

    :param workflow_id: an id; anything else names no workflow.
    :param step: ``participant.name``, or ``participant[place].name`` where it takes part at several places, or ``name``
        where that means one step; with ``[item]`` for a mapped one.
    :param reason: why, for the journal; required, 1 to 1000 characters.
    :param round: None for the only one that is to be undone; with several the decision is refused.
    :param code: as for :class:`CompensateWorkflow`: with ``latest`` a retry runs the undo that was mended.
    :param actor: as for :class:`CompensateWorkflow`.
    :param way: as for :class:`CompensateWorkflow`.
    :param idempotency_key: as for :class:`CompensateWorkflow`.
    :param if_version: as for :class:`CompensateWorkflow`.
    """

    workflow_id: str
    step: str
    decision: Decision
    reason: str = field(metadata=MASKED)
    round: int | None = None
    actor: str = "cli:unknown"
    way: Way = Way.CLI
    idempotency_key: str | None = None
    if_version: int | None = None
    code: Code | None = None


@dataclass(frozen=True)
class DecidedCompensation:
    """The answer to :class:`DecideCompensation`.

    :param workflow: in its state after it.
    :param state: of the compensation after it.
    """

    workflow: WorkflowRef
    step: str
    round: int
    state: CompensationState


@dataclass(frozen=True)
class PlanCompensate:
    """The request for what an undo would do."""

    workflow_id: str
    code: Code | None = field(default=None, metadata=asked("Which code relays would use", is_filter=False))


COMPENSATE_WORKFLOW: Final = Operation(
    name="compensate_workflow",
    method="POST",
    path="/workflows/{workflow_id}/compensate",
    request=CompensateWorkflow,
    answer=CompensatedWorkflow,
    says="Undo what the workflow did; one that is being undone, or has nothing to undo, stays as it is.",
    who=Who.PERSON,
    tag="compensate",
    body="CompensateBody",
    is_keyed=True,
    needs_server=True,
)

DECIDE_COMPENSATION: Final = Operation(
    name="decide_compensation",
    method="POST",
    path="/workflows/{workflow_id}/compensation",
    request=DecideCompensation,
    answer=DecidedCompensation,
    says="Retry, skip or call done the undo of one step, and let the workflow go on.",
    who=Who.PERSON,
    tag="compensate",
    body="DecisionBody",
    is_keyed=True,
    needs_server=True,
)

PLAN_COMPENSATE: Final = Operation(
    name="plan_compensate",
    method="GET",
    path="/workflows/{workflow_id}/compensate-plan",
    request=PlanCompensate,
    answer=CompensatePlan,
    says="What an undo would do now. Nothing is changed; payloads of DAGs that the caller may not read are left out.",
    who=Who.READER,
    tag="compensate",
    needs_server=True,
)
