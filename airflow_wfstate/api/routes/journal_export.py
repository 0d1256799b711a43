"""The journal of a workflow as a file."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from airflow_wfstate.api.asked_parameters import message_of, signature_of
from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.backends.journal_export import ExportFormat, export_journal
from airflow_wfstate.domain.messages.reading.journal import JournalFilter

reads = APIRouter(tags=["journal"])
"""Also available under /wfstate/ui, for the page."""

_CONTENT: Final = {form.media_type.partition(";")[0]: {"schema": {"type": "string"}} for form in ExportFormat}


def _wanted(**given: Any) -> JournalFilter:
    return message_of(JournalFilter, given)


_wanted.__signature__ = inspect.Signature(signature_of(JournalFilter))  # type: ignore[attr-defined]  # FastAPI looks for it


@reads.get(
    "/workflows/{workflow_id}/journal/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": _CONTENT}},
)
def export_of_journal(
    caller: Annotated[Caller, Depends(authenticate)],
    workflow_id: str,
    wanted: Annotated[JournalFilter, Depends(_wanted)],
    form: Annotated[ExportFormat, Query(alias="format", description="How the entries are written.")] = (
        ExportFormat.NDJSON
    ),
) -> Response:
    """Export the current journal as a file, one entry per line, oldest first. It is read a page at a time."""
    access = check_visible(caller, workflow_id)
    parts = (part.text for part in export_journal(get_backend(), workflow_id, form, wanted))
    name = f"journal-{access.id}.{form.value}"
    return StreamingResponse(
        parts, media_type=form.media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
