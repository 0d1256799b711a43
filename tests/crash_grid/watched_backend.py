"""A backend that tells the seam which call is running, and resends a late call after the next one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from airflow_wfstate.backends.operations import OPERATIONS
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import WorkflowStateError
from tests.crash_grid.seam import Seam

READS: Final = (*(operation.name for operation in OPERATIONS if operation.is_read), "look_at_waits")
"""Calls that change nothing, so there is nothing to check when they are sent again."""

_QUESTIONS: Final = ("take_turn", "sweep")
"""Calls that ask what is to be done now. Sent again, each is the caller's next question, and may make progress."""


class WatchedBackend:
    """A StateBackend that wraps another.

    :param key: key of the workflow that is told.
    """

    def __init__(self, backend: StateBackend, seam: Seam, key: str) -> None:
        self._backend = backend
        self._seam = seam
        self._key = key
        self._late: tuple[str, Callable[[], object]] | None = None
        self._was_late = False
        self.complaints: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._backend, name)

        def call(*arguments: object) -> object:
            return self.watch(name, lambda: method(*arguments))

        return call

    def watch(self, name: str, send: Callable[[], object]) -> object:
        """Make a call that the seam knows by this name."""
        self._seam.enter(name)
        answer = send()
        if name not in READS:
            self.send_late()
            if self._seam.is_overtaken and not self._was_late:
                self._late, self._was_late = (name, send), True
        return answer

    def send_late(self) -> None:
        """Resend the late call, if there is one. Whatever the answer, it must change nothing."""
        if self._late is None:
            return
        (name, send), self._late = self._late, None
        before = self._seen()
        with suppress(WorkflowStateError):  # the write of an older attempt is refused, which is an answer too
            send()
        after = self._seen()
        if before != after and not _has_been_swept(before, after) and name not in _QUESTIONS:
            self.complaints.append(
                f"{name}, sent again behind the next call, changed the workflow: {_difference(before, after)}"
            )

    def _seen(self) -> _Seen | None:
        found = self._backend.list_workflows(WorkflowQuery(key=self._key, limit=1)).workflows
        if not found:
            return None
        detail = self._backend.get_workflow(found[0].id)
        journal = self._backend.read_journal(found[0].id, limit=1000).entries
        if self._backend.get_workflow(found[0].id).summary.version != detail.summary.version:
            return self._seen()  # a sweep ran between the two reads, so they are not consistent
        # The sweep, which the api-server runs at any time, sets the flags.
        return _Seen(replace(detail, summary=replace(detail.summary, flags=[])), journal)


@dataclass(frozen=True)
class _Seen:
    """A workflow as users see it."""

    detail: WorkflowDetail
    journal: list[JournalEntry]


def _has_been_swept(before: _Seen | None, after: _Seen | None) -> bool:
    """Whether everything in between was done by the sweep, which the api-server runs at any time."""
    if before is None or after is None:
        return False
    new = after.journal[len(before.journal) :]
    return bool(new) and all(entry.actor == "sweep" for entry in new)


def _difference(before: _Seen | None, after: _Seen | None) -> str:
    """The new journal entries; if there are none, the workflow before and after."""
    if before is None or after is None:
        return f"{before} became {after}"
    new = [f"{entry.kind.value} of {entry.step} by {entry.actor}" for entry in after.journal[len(before.journal) :]]
    return ", ".join(new) or f"{before.detail} became {after.detail}"
