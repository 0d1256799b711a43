"""Cancel: the request, the plan and the result."""

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
    """A user's request to cancel a workflow.

    :param workflow_id: id of the workflow; any other text is not found.
    :param compensate: True to undo the finished steps; False to keep them and discard their compensations.
    :param reason: the reason, for the journal; None for none. At most 1000 characters are kept.
    :param actor: who makes the request, for the journal: ``cli:name``. Over HTTP it is always the token's user.
    :param way: how the request came in, for the journal. Over HTTP the server determines it.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (a workflow is cancelled only once in any case).
    :param if_version: the version of the workflow that the caller has seen. With another version, nothing is changed.
        None for any version.
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
    :param state: its state in Airflow; None if it has not been scheduled.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None


@dataclass(frozen=True)
class AffectedCompensation:
    """A compensation that a cancel runs or discards.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: its current state.
    """

    step: str
    round: int
    handler: str
    state: CompensationState


@dataclass(frozen=True)
class CancelPlan:
    """What a cancel would do now.

    :param workflow: the workflow in its current state.
    :param compensate: as requested.
    :param changes: False if the workflow has already ended, so that a cancel would change nothing.
    :param next_state: the state after the cancel; the current state if nothing changes.
    :param outcome: the result in one sentence, for people.
    :param tasks: the tasks that will be set to failed, by DAG, run, task and map index.
    :param open_steps: running steps. They are stopped first, and only then is it known what they did; they are then
        undone first, if they declare a compensation and the workflow is compensated.
    :param undone: the compensations that will run, in order. Empty unless ``next_state`` is ``compensating``.
    :param stays: steps that acted, or may have, without a compensation. Empty unless ``next_state`` is
        ``compensating``.
    :param discarded: compensations that will never run.
    :param paused_dag_ids: paused DAGs of the unfinished runs and of the undos. The scheduler ends their runs and starts
        their relays only after they are unpaused.
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

    :param workflow: the workflow after the cancel: ``cancelled``, ``compensating``, or unchanged.
    :param changed: False if the workflow had already ended.
    :param outcome: the result in one sentence, for people.
    :param failed_tasks: how many task instances were set to failed.
    :param discarded: how many compensations were discarded.
    """

    workflow: WorkflowRef
    changed: bool
    outcome: str
    failed_tasks: int = 0
    discarded: int = 0


@dataclass(frozen=True)
class PlanCancel:
    """The request for the plan of a cancel."""

    workflow_id: str
    compensate: bool = field(default=False, metadata=asked("Whether to undo the finished steps", is_filter=False))


CANCEL_WORKFLOW: Final = Operation(
    name="cancel_workflow",
    method="POST",
    path="/workflows/{workflow_id}/cancel",
    request=CancelWorkflow,
    answer=CancelledWorkflow,
    says="Cancel the workflow, with or without compensation. A workflow that has ended stays as it is.",
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
    says="Show what a cancel would do now, without changing anything.",
    who=Who.READER,
    tag="cancel",
    needs_server=True,
)
