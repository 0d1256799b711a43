"""A workflow: one execution of a named business process, its start and its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.failing import FailedStep, FailingStep
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import Flag
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import (
    CompensationErrorPolicy,
    DeadlinePolicy,
    FailurePolicy,
    IfExists,
    SkipPolicy,
)
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState


@dataclass(frozen=True)
class WorkflowRef:
    """What identifies a workflow, for those who take part in it."""

    id: str
    name: str
    key: str
    generation: int
    correlation_id: str
    state: WorkflowState


@dataclass(frozen=True)
class StartWorkflow:
    """The wish to start the workflow ``(name, key)`` from the run of a task instance.

    :param task_instance_id: of the task that starts it; it must be running.
    :param name: of the process ("order_fulfilment").
    :param key: the business key (an order id); unique under the name among the open workflows.
    :param input: what the workflow was started with; another run with the same key and another input is refused. A
        run that takes part already may start again with another one: the stored input stays.
    :param plan: the steps in order, each as ``step``, ``participant.step`` or ``participant[place].step``; empty
        when it is not known. Where a definition is applied to the name, the plan and what follows here may be left out:
        the definition says it. What is given must then be what it says.
    :param participants: DAG ids that may join by naming the workflow; a triggered child may always.
    :param on_failure: what follows when the workflow fails; None for what the definition says, else ``compensate``.
    :param on_compensation_error: what follows when a compensation fails for good; None likewise, else ``stop``.
    :param on_skip: what follows when the operator that completes the workflow was skipped, and something could still be
        undone; None likewise, else ``hold``. With nothing to undo it succeeds.
    :param deadline_seconds: from the start on; None for what the definition says, else for no such deadline.
    :param deadline_at: a moment, aware, instead of ``deadline_seconds``; it is of the generation that this start
        creates, and counts before that of the definition. One that has passed is acted upon by the next sweep.
    :param on_deadline: what follows when the deadline passes; None for what the definition says, else ``flag``.
    :param correlation_id: None for the workflow's own id.
    :param labels: what people search by; kept by the generation that this start creates, at most 20.
    :param redact: JSON paths into the workflow's input and output whose values people do not get to see.
    :param if_exists: when the key is taken by an open workflow of another run.
    :param relay_task_id: of the relay in the DAG that starts it; None when it has none.
    :param idempotency_key: sent again with the same body, the start answers as the first time; None for no such
        protection (the key of the workflow still protects from a second one).
    """

    task_instance_id: str
    name: str
    key: str
    input: Payload
    plan: list[str] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    on_failure: FailurePolicy | None = None
    on_compensation_error: CompensationErrorPolicy | None = None
    on_skip: SkipPolicy | None = None
    deadline_seconds: int | None = None
    deadline_at: datetime | None = None
    on_deadline: DeadlinePolicy | None = None
    correlation_id: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    redact: list[str] = field(default_factory=list)
    if_exists: IfExists = IfExists.ATTACH
    relay_task_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class StartedWorkflow:
    """The workflow that the caller's run now belongs to.

    :param role: ``owner`` when this start (or an earlier try of it) created the generation, else ``guest``.
    :param busy: True when the workflow of this key is being compensated (perhaps because this start ended it): this
        run takes no part in it, ask again later.
    :param output: of a workflow that succeeded; None otherwise.
    :param input_differs: the top-level fields in which this start's input differs from the stored one, which stays;
        at most 20, and ``$`` for an input without fields. Empty when it does not differ.
    """

    workflow: WorkflowRef
    role: RunRole
    busy: bool = False
    output: Payload | None = None
    input_differs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CompleteWorkflow:
    """The wish to end the workflow of a task instance's run as succeeded.

    :param task_instance_id: of the task that completes it; it must be running.
    :param output: what the workflow produced.
    :param idempotency_key: as for :class:`StartWorkflow`.
    :param over_failed_steps: whether the author lets it succeed over steps of the caller's run that have failed for
        good. One that Airflow tries again keeps it open in any case.
    """

    task_instance_id: str
    output: Payload
    idempotency_key: str | None = None
    over_failed_steps: bool = False


@dataclass(frozen=True)
class CompletedWorkflow:
    """How the workflow ended.

    :param output: the stored output; for a guest's completion that is the one of the first completion.
    :param not_reached: entries of the plan that have no step, in the plan's order.
    :param waits_for: why it is not completed yet, as a sentence without its full stop: the owner is still at it, or a
        guest is; ask again later. None when it has ended.
    """

    workflow: WorkflowRef
    output: Payload
    not_reached: list[str]
    waits_for: str | None = None


@dataclass(frozen=True)
class LinkedRun:
    """A DAG run that takes part in a workflow.

    :param state: of the DAG run in Airflow; None when the run does not exist (not yet, or no more).
    """

    dag_id: str
    run_id: str
    role: RunRole
    state: str | None
    linked_at: datetime


@dataclass(frozen=True)
class WorkflowSummary:
    """A line of a list of workflows.

    In a list its errors and its ``hold_reason`` are one line of each, of at most 300 characters (``error_line``): a
    list is asked for every few seconds. One workflow alone has all of them.

    :param steps_done: begun steps that succeeded or were skipped; each item of a mapped step counts, here and below.
    :param steps_total: begun steps, and planned ones that have not begun (one each, mapped or not).
    :param steps_running: of them at work or waiting.
    :param steps_failed: of them failed or lost.
    :param steps_compensated: of them undone.
    :param current_step: by name, the step at work or waiting that changed last; in full (``mail[tell_sent].send``)
        where its participant takes part at several places. None when there is none.
    :param error: of the first failure since it last ran, or why it was ended before its time; None when it was neither,
        and as soon as it is set going again.
    :param hold_reason: why it waits for a person; None when it does not.
    :param updated_at: of the last change (checkpoints do not count).
    :param forward_ended_at: when it last left running, whether it had succeeded, failed, was cancelled or was to be
        undone; None while it runs. What it took after that is the wait for its undo, and the undo.
    :param ended_at: None while open.
    :param labels: by name.
    :param participants: the DAGs that take part, in the order in which their runs joined.
    :param owner: of the DAG that started it, as Airflow knows it; None when it does not.
    :param flags: why it makes no progress or needs a person, by kind. Overdue and held are as of now, the others as the
        last sweep found them.
    :param failing: a step that has failed while the workflow still runs; None when there is none.
    :param failed_step: the step that failed first, also of a workflow that has failed, was cancelled or was undone
        since; None when none has failed, and of a workflow that succeeded.
    """

    id: str
    name: str
    key: str
    generation: int
    correlation_id: str
    state: WorkflowState
    version: int
    on_failure: FailurePolicy
    steps_done: int
    steps_total: int
    steps_running: int
    steps_failed: int
    steps_compensated: int
    current_step: str | None
    error: str | None
    hold_reason: str | None
    started_at: datetime
    updated_at: datetime
    forward_ended_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime | None
    labels: dict[str, str] = field(default_factory=dict)
    participants: list[str] = field(default_factory=list)
    owner: str | None = None
    flags: list[Flag] = field(default_factory=list)
    failing: FailingStep | None = None
    failed_step: FailedStep | None = None


@dataclass(frozen=True)
class WorkflowPage:
    """A page of a list.

    :param next_cursor: for the next page; None when this is the last.
    :param total: how many there are on all pages, at this moment; None when it was not asked for.
    """

    workflows: list[WorkflowSummary]
    next_cursor: str | None
    total: int | None = None


START_WORKFLOW: Final = Operation(
    name="start_workflow",
    method="POST",
    path="/workflows",
    request=StartWorkflow,
    answer=StartedWorkflow,
    says="Start a workflow, or attach the caller's run to the one that has the key.",
    who=Who.TASK,
    tag="workflows",
    is_keyed=True,
)

COMPLETE_WORKFLOW: Final = Operation(
    name="complete_workflow",
    method="POST",
    path="/workflows/complete",
    request=CompleteWorkflow,
    answer=CompletedWorkflow,
    says="End the workflow of the caller's run as succeeded.",
    who=Who.TASK,
    tag="workflows",
    is_keyed=True,
)

LIST_WORKFLOWS: Final = Operation(
    name="list_workflows",
    method="GET",
    path="/workflows",
    request=WorkflowQuery,
    answer=WorkflowPage,
    says="A page of the workflows that the caller may see.",
    who=Who.LISTER,
    tag="workflows",
    has_tag=True,
)
