"""Iterate over every step of a workflow, page by page, with any backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.reading.pages import StepFilter
from airflow_wfstate.domain.messages.step import StepSummary

_PAGE: Final = 500


def all_steps(backend: StateBackend, workflow_id: str, wanted: StepFilter | None = None) -> Iterator[StepSummary]:
    """Iterate over the steps of a workflow, with one page of 500 in memory at a time.

    :param wanted: a filter; None for all steps.
    :raises WorkflowNotFound: no workflow has this id.
    """
    after: str | None = None
    while True:
        page = backend.list_steps(workflow_id, after, _PAGE, wanted)
        yield from page.steps
        after = page.next_after
        if after is None:
            return
