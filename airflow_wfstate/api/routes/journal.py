"""The journal of a workflow."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.api.journal_export import ExportFormat, export_journal
from airflow_wfstate.api.parameters import Limit, Text
from airflow_wfstate.domain.messages.journal import EntryKind, JournalFilter, JournalPage

reads = APIRouter(tags=["journal"])
"""Also under /wfstate/ui, for the page."""

_EXPORTS: Final = {"application/x-ndjson": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}}


def _journal_filter(
    kind: Annotated[list[EntryKind] | None, Query(max_length=len(EntryKind), description="One of these.")] = None,
    step: Annotated[
        Text,
        Query(
            description="About this step: participant[place].step, participant.step or step with all its items; the "
            "same with [item], or the step's id, for one alone."
        ),
    ] = None,
) -> JournalFilter:
    """What the entries are narrowed to."""
    return JournalFilter(kind or [], step)


@reads.get("/workflows/{workflow_id}/journal", response_model=JournalPage, responses=READ_RESPONSES)
def read_journal(
    caller: Annotated[Caller, Depends(authenticate)],
    workflow_id: str,
    wanted: Annotated[JournalFilter, Depends(_journal_filter)],
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    limit: Limit = 200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Entries with a number above ``after``, ascending."""
    check_visible(caller, workflow_id)
    return tagged_response(get_backend().read_journal(workflow_id, after, limit, wanted), if_none_match)


@reads.get(
    "/workflows/{workflow_id}/journal/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": _EXPORTS}},
)
def export(
    caller: Annotated[Caller, Depends(authenticate)],
    workflow_id: str,
    wanted: Annotated[JournalFilter, Depends(_journal_filter)],
    form: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.NDJSON,
) -> Response:
    """The whole journal as it stands now, as a file: one entry a line."""
    access = check_visible(caller, workflow_id)
    parts = export_journal(get_backend(), workflow_id, form, wanted, access.entries)
    name = f"journal-{access.id}.{form.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(parts, media_type=form.media_type, headers=headers)
