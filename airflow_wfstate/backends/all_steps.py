"""Every step of a workflow, by whichever way: page after page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.reading.pages import StepFilter
from airflow_wfstate.domain.messages.step import StepSummary

_PAGE: Final = 500


def all_steps(backend: StateBackend, workflow_id: str, wanted: StepFilter | None = None) -> Iterator[StepSummary]:
    """The steps of a workflow, a page of 500 in memory at a time; in the order of pages.

    :param wanted: only those; None for all.
    :raises WorkflowNotFound: there is no workflow with this id.
    """
    after: str | None = None
    while True:
        page = backend.list_steps(workflow_id, after, _PAGE, wanted)
        yield from page.steps
        after = page.next_after
        if after is None:
            return
