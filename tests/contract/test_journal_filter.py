"""The contract of the journal's filter: by kind and by step, in pages, with a sentence for each entry."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.reading.journal import EntryKind, JournalEntry, JournalFilter
from airflow_wfstate.exceptions import InvalidRequest
from tests.support.world import World


def _all(world: World, workflow_id: str, wanted: JournalFilter, limit: int = 2) -> list[JournalEntry]:
    """Every entry that a filter selects, read in pages."""
    entries: list[JournalEntry] = []
    after: int | None = 0
    while after is not None:
        page = world.backend.read_journal(workflow_id, after, limit, wanted)
        assert len(page.entries) <= limit
        entries += page.entries
        after = page.next_after
    return entries


def _order(world: World) -> tuple[str, dict[str, str]]:
    """A workflow of two steps and a mapped one; returns the ids of steps by name."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    ids: dict[str, str] = {}
    for name, item in (("reserve", ""), ("pay", ""), ("ship", "a"), ("ship", "b[2]")):
        begun = world.begin(run_id, name, item_key=item)[1]
        world.succeed(begun)
        ids[f"{name}[{item}]" if item else name] = begun.step_id
    return workflow_id, ids


def test_entries_of_some_kinds(world: World) -> None:
    workflow_id, _ = _order(world)
    kinds = [EntryKind.STEP_SUCCEEDED, EntryKind.WORKFLOW_STARTED]

    found = _all(world, workflow_id, JournalFilter(kinds))

    assert [entry.sentence for entry in found] == [
        "The workflow started.",
        "intake.reserve succeeded.",
        "intake.pay succeeded.",
        "intake.ship[a] succeeded.",
        "intake.ship[b[2]] succeeded.",
    ]
    whole = world.journal(workflow_id)
    assert [entry.number for entry in whole] == list(range(1, len(whole) + 1))
    assert found == [entry for entry in whole if entry.kind in kinds]


def test_entries_about_a_step_however_it_is_called(world: World) -> None:
    workflow_id, ids = _order(world)
    whole = world.journal(workflow_id)
    for text, named in {
        "pay": ["pay"],
        "intake.pay": ["pay"],
        ids["pay"]: ["pay"],
        "ship": ["ship[a]", "ship[b[2]]"],
        "ship[b[2]]": ["ship[b[2]]"],
        "intake.ship[a]": ["ship[a]"],
    }.items():
        found = _all(world, workflow_id, JournalFilter(step=text))
        assert found == [entry for entry in whole if entry.step_id in {ids[name] for name in named}], text
        assert found, text

    began = _all(world, workflow_id, JournalFilter([EntryKind.STEP_BEGAN], "ship"))
    assert [entry.step for entry in began] == ["intake.ship[a]", "intake.ship[b[2]]"]


@pytest.mark.parametrize("text", ["nothing", "", "ship[c]", "]", "0" * 36, "%", "intake."])
def test_a_step_that_there_is_not_is_named(world: World, text: str) -> None:
    workflow_id, _ = _order(world)
    with pytest.raises(InvalidRequest, match="has no step"):
        world.backend.read_journal(workflow_id, wanted=JournalFilter(step=text))
