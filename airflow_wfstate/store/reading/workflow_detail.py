"""Everything about one workflow, joined with what Airflow knows about its runs."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.pages import StepPage
from airflow_wfstate.domain.messages.workflow import LinkedRun
from airflow_wfstate.domain.rules.definition import parse_definition
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.plan import progress
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run
from airflow_wfstate.store.definitions.applied import number_applied, number_in_force
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.payloads.stored_payload import stored_payload_of
from airflow_wfstate.store.reading.lists.failed_steps import read_failures
from airflow_wfstate.store.reading.lists.shown_flags import flags_of
from airflow_wfstate.store.reading.lists.workflow_list import flagged_row, select_summaries, summary_of
from airflow_wfstate.store.reading.participation import participation_of
from airflow_wfstate.store.reading.pending_waits import WaitingWorkflow, read_pending_waits
from airflow_wfstate.store.reading.step_page import read_step_page
from airflow_wfstate.store.steps.counts import read_step_groups
from airflow_wfstate.store.workflows.id import check_id, unknown_workflow
from airflow_wfstate.store.workflows.labels import labels_of

_workflow, _run = schema.workflow, schema.run


def read_workflow(connection: Connection, workflow_id: str, step_limit: int) -> WorkflowDetail:
    """The workflow, as described at ``StateBackend.get_workflow``."""
    if step_limit:
        check_limit(step_limit)
    canonical_id = check_id(workflow_id)
    row = connection.execute(
        select_summaries()
        .add_columns(
            _workflow.c.input,
            _workflow.c.input_type,
            _workflow.c.input_sha256,
            _workflow.c.output,
            _workflow.c.output_type,
            _workflow.c.output_sha256,
            number_applied(_workflow.c.name, _workflow.c.definition_sha256).label("definition_number"),
            number_in_force(_workflow.c.name).label("definition_in_force"),
        )
        .where(_workflow.c.id == canonical_id)
    ).one_or_none()
    if row is None:
        raise unknown_workflow(workflow_id)
    counted, groups = read_step_groups(connection, canonical_id)
    page = read_step_page(connection, canonical_id, step_limit) if step_limit else StepPage([], next_after=None)
    definition = parse_definition(row.content)
    where = progress(definition.plan, counted)
    participation = participation_of(connection, [canonical_id])[canonical_id]
    waits, further_waits = read_pending_waits(
        connection,
        WaitingWorkflow(canonical_id, row.name, WorkflowState(row.state), row.started_at, definition, groups),
    )
    return WorkflowDetail(
        summary=summary_of(
            row,
            counted,
            flags_of(connection, [flagged_row(row, participation.owner)])[canonical_id],
            labels_of(connection, [canonical_id])[canonical_id],
            participation,
            read_failures(connection, [canonical_id]).get(canonical_id),
        ),
        plan=definition.plan,
        progress=where,
        not_reached=where.remaining if WorkflowState(row.state) is WorkflowState.SUCCEEDED else [],
        participants=definition.participants,
        runs=_read_runs(connection, canonical_id),
        step_groups=groups,
        steps=sorted(page.steps, key=lambda step: (step.started_at, step.id)),
        next_steps=page.next_after,
        input=shown(stored_payload_of(row.input, row.input_type, row.input_sha256), definition.redact),
        output=shown(stored_payload_of(row.output, row.output_type, row.output_sha256), definition.redact),
        definition_number=row.definition_number,
        definition_in_force=row.definition_in_force,
        waits=waits,
        further_waits=further_waits,
    )


def _read_runs(connection: Connection, workflow_id: str) -> list[LinkedRun]:
    rows = connection.execute(
        select(_run.c.dag_id, _run.c.run_id, _run.c.role, _run.c.linked_at, dag_run.c.state)
        .outerjoin(dag_run, (dag_run.c.dag_id == _run.c.dag_id) & (dag_run.c.run_id == _run.c.run_id))
        .where(_run.c.workflow_id == workflow_id)
        .order_by(_run.c.linked_at, _run.c.dag_id, _run.c.run_id)
    )
    return [LinkedRun(row.dag_id, row.run_id, RunRole(row.role), row.state, row.linked_at) for row in rows]
