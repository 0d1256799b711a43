"""A journal as a file: one entry a line, as NDJSON or CSV, read a page at a time so that no journal is too long.

By whichever way to the store: the api-server's export and that of the command line are this one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.reading.journal import JournalEntry, JournalFilter, JournalPage
from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT

_COLUMNS: Final = ("number", "at", "kind", "step", "attempt", "actor", "sentence", "data")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - meant so
"""How a cell begins that a spreadsheet takes for a formula, or may after its own cleaning (OWASP, "CSV Injection")."""


class ExportFormat(str, Enum):
    """How the entries are written.

    ``ndjson``: one JSON object a line, as the journal's page has them; ``csv``: one row each, with a header.
    """

    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """The content type."""
        return "application/x-ndjson" if self is ExportFormat.NDJSON else "text/csv; charset=utf-8"


@dataclass(frozen=True)
class ExportedPart:
    """A part of the file: what a page of the journal became.

    :param reached: number of the entry that has been looked at last, wanted or not.
    :param total: number of the last entry of the journal, when the export began.
    """

    text: str
    reached: int
    total: int


def export_journal(
    backend: StateBackend, workflow_id: str, form: ExportFormat, wanted: JournalFilter, after: int = 0
) -> Iterator[ExportedPart]:
    """The file, in parts. The first page is read before the first part is asked for, so that an error is an answer.

    It ends with the last entry that there is now: what is written meanwhile does not make it longer.

    :param after: only entries with a number above this one.
    :raises WorkflowNotFound: there is none with this id.
    :raises InvalidRequest: the workflow has no such step, or there is no entry with this number.
    """
    first = backend.read_journal(workflow_id, after, MAX_LIMIT, wanted, with_total=True)
    write = _csv if form is ExportFormat.CSV else _ndjson
    return _parts(backend, workflow_id, wanted, first, write)


def _parts(
    backend: StateBackend,
    workflow_id: str,
    wanted: JournalFilter,
    page: JournalPage,
    write: Callable[[list[JournalEntry], bool], str],
) -> Iterator[ExportedPart]:
    total, is_first = page.total or 0, True
    while True:
        text = write([entry for entry in page.entries if entry.number <= total], is_first)
        if page.next_after is None or page.next_after >= total:
            yield ExportedPart(text, total, total)
            return
        yield ExportedPart(text, page.next_after, total)
        is_first = False
        page = backend.read_journal(workflow_id, page.next_after, MAX_LIMIT, wanted)


def _ndjson(entries: list[JournalEntry], is_first: bool) -> str:
    return "".join(f"{json.dumps(_plain(entry))}\n" for entry in entries)


def _csv(entries: list[JournalEntry], is_first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    if is_first:
        writer.writerow(_COLUMNS)
    for entry in entries:
        plain = _plain(entry) | {"data": json.dumps(entry.data) if entry.data else ""}
        writer.writerow([_guarded(plain[name]) for name in _COLUMNS])
    return text.getvalue()


def _plain(entry: JournalEntry) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat(), "kind": entry.kind.value}


def _guarded(value: object) -> str:
    """The text of a cell; an apostrophe before what a spreadsheet would run, as OWASP advises."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
