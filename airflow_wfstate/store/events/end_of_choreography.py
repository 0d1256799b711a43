"""How a workflow ends that an event started: no run decides, so its plan and its steps do."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, exists, select

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.plan import PlannedStep, progress
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, WorkflowState
from airflow_wfstate.store.compensation.complete import complete
from airflow_wfstate.store.compensation.failure import fail_by_step
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.events.open_workflow import OpenWorkflow
from airflow_wfstate.store.events.service_steps import ServiceSteps
from airflow_wfstate.store.payloads.stored_payload import keep_inline
from airflow_wfstate.store.steps.counts import count_steps
from airflow_wfstate.store.workflows.change import Change

_workflow, _step = schema.workflow, schema.step


def end_workflows(connection: Connection, workflows: Sequence[OpenWorkflow], steps: ServiceSteps) -> None:
    """Fail or complete those of these workflows that an event started and that its steps have brought to an end.

    A workflow of a DAG is left to its runs.

    :param steps: of services in them, which have been written.
    """
    ended = [
        workflow
        for workflow in workflows
        if workflow.has_ended_step and not workflow.change.has_dag and workflow.change.state is WorkflowState.RUNNING
    ]
    for workflow in ended:
        if workflow.failure is not None:
            fail_by_step(connection, workflow.change, workflow.failure)
    # Most events end no workflow, which the steps of services alone tell: the others are not read for it.
    likely = [workflow for workflow in ended if workflow.failure is None and _may_be_done(workflow, steps)]
    counted = count_steps(connection, [workflow.change.workflow_id for workflow in likely]) if likely else {}
    for workflow in likely:
        if is_done(workflow.definition.plan, counted[workflow.change.workflow_id]):
            _complete(workflow.change)


def _may_be_done(workflow: OpenWorkflow, steps: ServiceSteps) -> bool:
    """Whether no planned step of a service remains, and none is open or has failed."""
    where = progress(workflow.definition.plan, steps.planned(workflow.change.workflow_id))
    services = tuple(f"{service.name}." for service in workflow.choreography.services)
    return not (where.running or where.failed or any(entry.startswith(services) for entry in where.remaining))


def is_done(plan: Sequence[str], steps: Sequence[PlannedStep]) -> bool:
    """Whether every step of a plan that has one is done, and no other step is open or has failed."""
    where = progress(plan, steps)
    return bool(plan) and not (where.running or where.failed or where.remaining) and set(plan) <= set(where.done)


def with_steps_of_guests() -> Select[tuple[str]]:
    """Running workflows that an event started, of which no step is open, for :func:`complete_if_done`.

    Their last step may be one of a DAG, whose end no event tells.
    """
    is_open = exists(
        select(_step.c.id).where(
            _step.c.workflow_id == _workflow.c.id, _step.c.state.in_([state.value for state in OPEN_STEP_STATES])
        )
    )
    of_dag = exists(select(_step.c.id).where(_step.c.workflow_id == _workflow.c.id, _step.c.attempt > 0))
    return select(_workflow.c.id).where(
        _workflow.c.state == WorkflowState.RUNNING.value, ~_workflow.c.has_dag, of_dag, ~is_open
    )


def complete_if_done(connection: Connection, change: Change) -> None:
    """Complete the workflow when every step of its plan is done."""
    plan = read_definition(connection, change.name, change.definition_sha256).plan
    if is_done(plan, count_steps(connection, [change.workflow_id])[change.workflow_id]):
        _complete(change)


def _complete(change: Change) -> None:
    complete(change, keep_inline(Payload.of(None)), [], {"cause": "Every step of its plan is done."})
