"""The end of a workflow that an event started: its plan and its steps decide, as there is no run to do so."""

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
    """Fail or complete those workflows that an event started and whose steps have brought them to an end.

    Workflows of DAGs are left to their runs.

    :param steps: the steps of services in these workflows, already written.
    """
    ended = [
        workflow
        for workflow in workflows
        if workflow.has_ended_step and not workflow.change.has_dag and workflow.change.state is WorkflowState.RUNNING
    ]
    for workflow in ended:
        if workflow.failure is not None:
            fail_by_step(connection, workflow.change, workflow.failure)
    # Most events end no workflow. The steps of services suffice to see that, so the other steps are not read. If no
    # workflow is likely to end, nothing is counted either.
    likely = [workflow for workflow in ended if workflow.failure is None and _may_be_done(workflow, steps)]
    mixed = steps.with_others([workflow.change.workflow_id for workflow in likely])
    counted = count_steps(connection, mixed) if mixed else {}
    for workflow in likely:
        workflow_id = workflow.change.workflow_id
        begun = counted[workflow_id] if workflow_id in counted else steps.planned(workflow_id)
        if is_done(workflow.definition.plan, begun):
            _complete(workflow.change)


def _may_be_done(workflow: OpenWorkflow, steps: ServiceSteps) -> bool:
    """Whether no planned step of a service remains, and none is open or has failed."""
    where = progress(workflow.definition.plan, steps.planned(workflow.change.workflow_id))
    services = tuple(f"{service.name}." for service in workflow.choreography.services)
    return not (where.running or where.failed or any(entry.startswith(services) for entry in where.remaining))


def is_done(plan: Sequence[str], steps: Sequence[PlannedStep]) -> bool:
    """Whether there is a plan, all its steps are done, and no other step is open or has failed."""
    where = progress(plan, steps)
    return bool(plan) and not (where.running or where.failed or where.remaining) and set(plan) <= set(where.done)


def with_steps_of_guests() -> Select[tuple[str]]:
    """Running workflows that an event started and that have no open step, for :func:`complete_if_done`.

    Their last step may belong to a DAG, whose end no event reports.
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
    """Complete the workflow if every step of its plan is done."""
    plan = read_definition(connection, change.name, change.definition_sha256).plan
    if is_done(plan, count_steps(connection, [change.workflow_id])[change.workflow_id]):
        _complete(change)


def _complete(change: Change) -> None:
    complete(change, keep_inline(Payload.of(None)), [], {"cause": "Every step of its plan is done."})
