"""The contract of cursors: a position in a list, valid in any time window, that a caller cannot forge."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from airflow_wfstate.domain.messages.workflow import WorkflowPage
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.exceptions import InvalidRequest
from tests.support.world import World


def test_the_next_page_of_a_relative_time_is_found_although_the_window_has_moved(world: World) -> None:
    name = world.unique("name")
    started = [world.start(name=name).workflow.id for _ in range(3)]

    def ask(cursor: str | None) -> WorkflowPage:
        """Ask as the page and the command line do: for the last hour, as of now."""
        now = datetime.now(timezone.utc)
        window = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
        changed = {"updated_since": now - timedelta(hours=1), "updated_until": now + timedelta(hours=1)}
        return world.backend.list_workflows(WorkflowQuery(name=name, limit=1, cursor=cursor, **window, **changed))

    pages = [ask(None)]
    while pages[-1].next_cursor is not None:
        pages.append(ask(pages[-1].next_cursor))

    assert [workflow.id for page in pages for workflow in page.workflows] == started[::-1]


@pytest.mark.parametrize("sort", WorkflowSort)
def test_a_cursor_of_the_longest_name_and_key_leads_on(world: World, sort: WorkflowSort) -> None:
    name = (world.unique("name") + "日" * 250)[:250]
    for number in range(2):
        world.start(name=name, key=("𝄞" * 249) + str(number))

    query = WorkflowQuery(name=name, limit=1, sort=sort)
    first = world.backend.list_workflows(query)
    second = world.backend.list_workflows(replace(query, cursor=first.next_cursor))

    assert {workflow.key[-1] for page in (first, second) for workflow in page.workflows} == {"0", "1"}


_MANIPULATIONS: list[tuple[WorkflowSort, int, object]] = [
    (WorkflowSort.NEWEST, 2, "z" * 36),
    (WorkflowSort.NEWEST, 2, "\x00" * 36),
    (WorkflowSort.NEWEST, 2, 7),
    (WorkflowSort.NEWEST, 1, "2026-01-01"),
    (WorkflowSort.NEWEST, 1, "0001-01-01T00:00:00+14:00"),
    (WorkflowSort.NEWEST, 1, 7),
    (WorkflowSort.NAME, 1, "a\x00"),
    (WorkflowSort.NAME, 1, "\ud800"),
    (WorkflowSort.KEY_BACKWARDS, 1, {"a": 1}),
    (WorkflowSort.KEY, 0, {"a": 1}),
    (WorkflowSort.LONGEST, 1, 7),
    (WorkflowSort.LONGEST, 1, ["x", "2026-01-01T00:00:00+00:00"]),
    (WorkflowSort.LONGEST, 1, [10**30, "2026-01-01T00:00:00+00:00"]),
    (WorkflowSort.SHORTEST, 1, [10**16, "0001-01-02T00:00:00+00:00"]),
    (WorkflowSort.SHORTEST, 1, [7, "now"]),
]


@pytest.mark.parametrize(("sort", "part", "value"), _MANIPULATIONS)
def test_a_forged_cursor_is_refused(world: World, sort: WorkflowSort, part: int, value: object) -> None:
    name = world.unique("name")
    for _ in range(2):
        world.start(name=name)
    query = WorkflowQuery(name=name, limit=1, sort=sort)
    cursor = world.backend.list_workflows(query).next_cursor or ""
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    parts[part] = value
    forged = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    with pytest.raises(InvalidRequest, match="cursor"):
        world.backend.list_workflows(replace(query, cursor=forged))
