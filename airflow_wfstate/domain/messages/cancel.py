"""A cancel: what a person asks for, what would happen, and what did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.staying import StayingSteps
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState


@dataclass(frozen=True)
class CancelWorkflow:
    """A person's wish to end a workflow before its time.

    :param workflow_id: an id; anything else names no workflow.
    :param compensate: whether what was done is to be undone. False: it stays, and what could undo it is discarded.
    :param reason: why, for the journal; None for no reason. At most 1000 characters are kept.
    :param actor: who asks, for the journal: ``cli:name``. Over HTTP it is the user whom the token names, whatever
        stands here.
    :param way: which way the wish came, for the journal. Over HTTP it is known, whatever stands here.
    :param idempotency_key: sent again with the same body, the cancel answers as the first time; None for no such
        protection (a workflow is cancelled once in any case).
    :param if_version: the version of the workflow that was looked at; in another one nothing is changed. None: in any.
    """

    workflow_id: str
    compensate: bool = False
    reason: str | None = field(default=None, metadata=MASKED)
    actor: str = "cli:unknown"
    way: Way = Way.CLI
    idempotency_key: str | None = None
    if_version: int | None = None


@dataclass(frozen=True)
class UnfinishedTask:
    """A task instance that a cancel sets to failed.

    :param map_index: -1 for a task that is not mapped.
    :param state: as Airflow names it; None for one that has not been scheduled.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None


@dataclass(frozen=True)
class AffectedCompensation:
    """A compensation that a cancel lets run, or gives up.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: in which it is now.
    """

    step: str
    round: int
    handler: str
    state: CompensationState


@dataclass(frozen=True)
class CancelPlan:
    """What a cancel would do now.

    :param workflow: in its state of now.
    :param compensate: as it was asked for.
    :param changes: False when the workflow has ended already: a cancel then changes nothing.
    :param next_state: what the workflow becomes; its state of now when nothing changes.
    :param outcome: the same in one sentence, for people.
    :param tasks: that are set to failed, by DAG, run, task and map index.
    :param open_steps: at work now; they are ended first, and what they did is known only then.
    :param undone: what is undone, in order. Empty unless ``next_state`` is ``compensating``.
    :param stays: what acted, or may have, and has no undo. Empty unless ``next_state`` is ``compensating``.
    :param discarded: what is never undone.
    :param paused_dag_ids: DAGs of the runs that are paused: the scheduler ends their runs, and starts their relays,
        only when somebody unpauses them.
    """

    workflow: WorkflowRef
    compensate: bool
    changes: bool
    next_state: WorkflowState
    outcome: str
    tasks: list[UnfinishedTask] = field(default_factory=list)
    open_steps: list[str] = field(default_factory=list)
    undone: list[AffectedCompensation] = field(default_factory=list)
    stays: StayingSteps = field(default_factory=StayingSteps)
    discarded: list[AffectedCompensation] = field(default_factory=list)
    paused_dag_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CancelledWorkflow:
    """What a cancel did.

    :param workflow: in its state after the cancel: ``cancelled``, ``compensating``, or unchanged.
    :param changed: False when the workflow had ended before.
    :param outcome: in one sentence, for people.
    :param failed_tasks: how many task instances were set to failed.
    :param discarded: how many compensations were given up.
    """

    workflow: WorkflowRef
    changed: bool
    outcome: str
    failed_tasks: int = 0
    discarded: int = 0


@dataclass(frozen=True)
class PlanCancel:
    """The request for what a cancel would do."""

    workflow_id: str
    compensate: bool = field(default=False, metadata=asked("Whether what was done would be undone", is_filter=False))


CANCEL_WORKFLOW: Final = Operation(
    name="cancel_workflow",
    method="POST",
    path="/workflows/{workflow_id}/cancel",
    request=CancelWorkflow,
    answer=CancelledWorkflow,
    says="Cancel the workflow, or have it undone first; one that has ended stays as it is.",
    who=Who.PERSON,
    tag="cancel",
    body="CancelBody",
    is_keyed=True,
    needs_server=True,
)

PLAN_CANCEL: Final = Operation(
    name="plan_cancel",
    method="GET",
    path="/workflows/{workflow_id}/cancel-plan",
    request=PlanCancel,
    answer=CancelPlan,
    says="What a cancel would do now. Nothing is changed.",
    who=Who.READER,
    tag="cancel",
    needs_server=True,
)
