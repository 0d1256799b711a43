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
    """What identifies a workflow to its participants."""

    id: str
    name: str
    key: str
    generation: int
    correlation_id: str
    state: WorkflowState


@dataclass(frozen=True)
class StartWorkflow:
    """A task instance's request to start the workflow ``(name, key)`` from its run.

    :param task_instance_id: id of the task instance that starts it, which must be running.
    :param name: name of the business process ("order_fulfilment").
    :param key: the business key (an order id), unique among the open workflows of the name.
    :param input: the workflow's input. A start of the same key by another run with a different input is refused. A run
        that already takes part may start again with a different input; the stored input stays.
    :param plan: the steps in order, each as ``step``, ``participant.step`` or ``participant[place].step``; empty if it
        is not known. If a definition is applied to the name, the plan and the following fields come from it and can be
        left out. If they are given, they must match it.
    :param participants: ids of DAGs that may join by naming the workflow. A triggered child may always join.
    :param on_failure: what happens if the workflow fails; None for the definition's value, or else ``compensate``.
    :param on_compensation_error: what happens if a compensation fails permanently; None for the definition's value, or
        else ``stop``.
    :param on_skip: what happens if the operator that completes the workflow was skipped, and something could still be
        undone; None for the definition's value, or else ``hold``. With nothing to undo, the workflow succeeds.
    :param deadline_seconds: the deadline, counted from the start; None for the definition's value, or else no deadline.
    :param deadline_at: the deadline as an aware datetime, instead of ``deadline_seconds``. It applies to the generation
        that this start creates, and takes precedence over the definition's. If it has already passed, the next sweep
        acts on it.
    :param on_deadline: what happens when the deadline passes; None for the definition's value, or else ``flag``.
    :param correlation_id: the correlation id; None for the workflow's own id.
    :param labels: labels to search by, at most 20. They are stored with the generation that this start creates.
    :param redact: JSON paths into the workflow's input and output whose values are hidden from users.
    :param if_exists: what to do if an open workflow of another run has the key.
    :param relay_task_id: task id of the relay in the DAG that starts it; None if it has none.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (the workflow's key still prevents a second one).
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

    :param role: ``owner`` if this start (or an earlier try of it) created the generation, otherwise ``guest``.
    :param busy: True if the workflow of this key is being compensated (perhaps because this start ended it). This run
        does not take part in it; ask again later.
    :param output: the output of a workflow that has succeeded; otherwise None.
    :param input_differs: the top-level fields in which this start's input differs from the stored one, up to 20; ``$``
        for an input without fields. Empty if it does not differ. The stored input stays.
    """

    workflow: WorkflowRef
    role: RunRole
    busy: bool = False
    output: Payload | None = None
    input_differs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CompleteWorkflow:
    """A task instance's request to complete the workflow of its run.

    :param task_instance_id: id of the task instance that completes it, which must be running.
    :param output: the workflow's output.
    :param idempotency_key: as for :class:`StartWorkflow`.
    :param over_failed_steps: whether it may succeed although steps of the caller's run have failed permanently. A
        failed step that Airflow retries keeps it open in any case.
    """

    task_instance_id: str
    output: Payload
    idempotency_key: str | None = None
    over_failed_steps: bool = False


@dataclass(frozen=True)
class CompletedWorkflow:
    """How the workflow ended.

    :param output: the stored output; for a guest, that of the first completion.
    :param not_reached: entries of the plan without a step, in the plan's order.
    :param waits_for: why it is not completed yet, as a sentence without a full stop: the owner or a guest is still
        running; ask again later. None if it has ended.
    """

    workflow: WorkflowRef
    output: Payload
    not_reached: list[str]
    waits_for: str | None = None


@dataclass(frozen=True)
class LinkedRun:
    """A DAG run that takes part in a workflow.

    :param state: state of the DAG run in Airflow; None if the run does not exist (yet, or any more).
    """

    dag_id: str
    run_id: str
    role: RunRole
    state: str | None
    linked_at: datetime


@dataclass(frozen=True)
class WorkflowSummary:
    """A line of a list of workflows.

    In a list, its errors and its ``hold_reason`` are shortened to one line of at most 300 characters each
    (``error_line``), because lists are polled every few seconds. Get a single workflow for the full texts.

    :param steps_done: begun steps that succeeded or were skipped. Here and below, each item of a mapped step counts.
    :param steps_total: begun steps, plus planned steps that have not begun (each counted once, mapped or not).
    :param steps_running: steps that are running or waiting.
    :param steps_failed: steps that have failed or are lost.
    :param steps_compensated: steps that were undone.
    :param current_step: the name of the running or waiting step that changed last; the full name
        (``mail[tell_sent].send``) if its participant takes part at several places. None if there is none.
    :param error: the first error since it last ran, or why it was cancelled; None if there is neither, and after a
        resume.
    :param hold_reason: why it is on hold until an operator decides; None if it is not.
    :param updated_at: when it last changed (checkpoints do not count).
    :param forward_ended_at: when it last left ``running``, whether it succeeded, failed, was cancelled or was to be
        compensated; None while it is running. Any time after that went into waiting for compensation, and compensating.
    :param ended_at: when it ended; None while it is open.
    :param labels: its labels, by name.
    :param participants: the DAGs that take part, in the order in which their runs joined.
    :param owner: Airflow's owner of the DAG that started it; None if Airflow does not know it.
    :param flags: why it makes no progress or needs attention, by kind. Overdue and held are current, the others as of
        the last sweep.
    :param failing: a step that has failed while the workflow is still running; None if there is none.
    :param failed_step: the step that failed first, even if the workflow has failed, was cancelled or was compensated
        since; None if none has failed, or the workflow succeeded.
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

    :param next_cursor: the cursor of the next page; None if this is the last.
    :param total: the current number of workflows on all pages; None if it was not requested.
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
    says="Start a workflow, or attach the caller's run to the workflow that already has the key.",
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
    says="Complete the workflow of the caller's run as succeeded.",
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
    says="List a page of the workflows that the caller may see.",
    who=Who.LISTER,
    tag="workflows",
    has_tag=True,
)
