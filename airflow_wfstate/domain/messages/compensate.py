"""A user's request to compensate a workflow, and an operator's decision about one compensation."""

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
    """A user's request to undo what a workflow did.

    :param workflow_id: id of the workflow; any other text is not found.
    :param reason: the reason, for the journal; None for none. At most 1000 characters are kept.
    :param code: which code the cleared relays use from now on. None to leave it unchanged: as requested earlier, or
        else as Airflow decides.
    :param actor: who makes the request, for the journal: ``cli:name``. Over HTTP it is always the token's user.
    :param way: how the request came in, for the journal. Over HTTP the server determines it.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (a workflow is compensated only once in any case).
    :param if_version: the version of the workflow that the caller has seen. With another version, nothing is changed.
        None for any version.
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
    """A compensation that will run, or did.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: its current state.
    :param dag_id: with ``run_id``, the run whose relay runs it. Both are empty for a step of a service, which gets a
        request instead.
    :param output: the round's output, which the handler gets. None if the round has none (it failed, or is lost), if
        the reader may not see it, or if it is large or stored in a file; get the step for it.
    :param obstacle: why it could not run now, in one sentence; None if no obstacle is known.
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

    :param reason: the author's reason: "email sent".
    """

    step: str
    reason: str


@dataclass(frozen=True)
class CompensatePlan:
    """What a :class:`CompensateWorkflow` would do now.

    :param workflow: the workflow in its current state.
    :param changes: False if nothing would change.
    :param next_state: the state after the request; the current state if nothing changes.
    :param outcome: the result in one sentence, for people.
    :param undone: the compensations that will run, in order.
    :param open_steps: running steps. They are stopped first, and only then is it known what they did; they are then
        undone first, if they declare a compensation.
    :param irreversible: finished steps that cannot be undone.
    :param stays: steps that acted, or may have, without a compensation.
    :param already: compensations that are already done, or were given up by an operator, in the order in which the
        steps began.
    :param not_needed: compensations that will not run, because their rounds did not act or their handlers found nothing
        to undo, in the same order.
    :param tasks: the tasks that will be set to failed, by DAG, run, task and map index.
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

    :param workflow: the workflow after the request.
    :param changed: False if it was already being compensated, or had nothing to undo.
    :param outcome: the result in one sentence, for people.
    :param failed_tasks: how many task instances were set to failed.
    """

    workflow: WorkflowRef
    changed: bool
    outcome: str
    failed_tasks: int = 0


class Decision(str, Enum):
    """An operator's decision about one compensation.

    ``retry``: try it again, as many times as its step declares. ``skip``: do not run it. ``done``: it has been undone
    manually.
    """

    RETRY = "retry"
    SKIP = "skip"
    DONE = "done"


@dataclass(frozen=True)
class DecideCompensation:
    """A request with an operator's decision about the compensation of a step.

    :param workflow_id: id of the workflow; any other text is not found.
    :param step: ``participant.name``, ``participant[place].name`` if the participant takes part at several places, or
        ``name`` if it is unambiguous; with ``[item]`` for a mapped step.
    :param reason: the reason, for the journal; required, 1 to 1000 characters.
    :param round: number of the round. None for the only one to be undone; if there are several, the request is refused.
    :param code: as for :class:`CompensateWorkflow`. With ``latest``, a retry runs the fixed handler.
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

    :param workflow: the workflow after the decision.
    :param state: the state of the compensation after the decision.
    """

    workflow: WorkflowRef
    step: str
    round: int
    state: CompensationState


@dataclass(frozen=True)
class PlanCompensate:
    """The request for the plan of a compensation."""

    workflow_id: str
    code: Code | None = field(default=None, metadata=asked("Which code the relays would use", is_filter=False))


COMPENSATE_WORKFLOW: Final = Operation(
    name="compensate_workflow",
    method="POST",
    path="/workflows/{workflow_id}/compensate",
    request=CompensateWorkflow,
    answer=CompensatedWorkflow,
    says="Undo what the workflow did. One that is already being compensated, or has nothing to undo, stays as it is.",
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
    says="Retry the compensation of one step, skip it or mark it as done, and let the workflow continue.",
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
    says="Show what compensating would do now, without changing anything or showing payloads of unreadable DAGs.",
    who=Who.READER,
    tag="compensate",
    needs_server=True,
)
