"""A workflow with a wide mapped step."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, faults
from tests.browser.test_workflow import address
from tests.support.wide_workflow import add_items
from tests.support.world import World

ITEMS = 120


@pytest.fixture(scope="session")
def wide_id(world: World) -> str:
    """A running workflow: one step that is not mapped, and 120 items of another, of which 12 have failed."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="wide").workflow.id
    world.step_done(run_id, "prepare")
    add_items(world.rows.engine, workflow_id, run_id, ITEMS)
    return workflow_id


def asked(page: Page) -> set[str]:
    """The workflow routes that have responded to the page, without the workflow's id."""
    addresses = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    paths = {urlsplit(entry).path for entry in addresses if "/wfstate/ui/workflows/" in entry}
    found = {re.sub(r"^.*/workflows/[0-9a-f-]{36}", "", path) for path in paths}
    # The step that failed is at the top, with its full error.
    return {path for path in found if not re.fullmatch(r"/steps/[0-9a-f-]{36}", path)}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mapped_step_is_one_row_that_unfolds_to_its_items(open_page: OpenPage, wide_id: str, theme: str) -> None:
    page = open_page(address(wide_id, "steps"), "viewer", theme)
    group = page.get_by_role("row").filter(has=page.get_by_role("button", name=f"item ({ITEMS} items)"))
    expect(group).to_contain_text("108")
    expect(group).to_contain_text("no such item")
    expect(page.get_by_role("group", name="Steps")).to_contain_text("109 done")
    assert asked(page) <= {"", "/actions"}

    group.get_by_role("button", name=f"item ({ITEMS} items)").click()
    items = page.get_by_role("table", name="Items of item")
    expect(items).to_have_attribute("aria-rowcount", str(ITEMS + 1))
    expect(items.get_by_role("button", name="item[00000]")).to_be_visible()
    items.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(items.get_by_role("button", name=f"item[{ITEMS - 1:05}]")).to_be_visible()
    expect(items.get_by_role("button", name="item[00000]")).to_have_count(0)
    page.get_by_label("Items of item").and_(page.get_by_role("combobox")).select_option("failed")
    expect(items.get_by_role("button", name=re.compile(r"item\[\d+\]"))).to_have_count(12)
    items.get_by_role("button", name="item[00110]").click()
    expect(page.get_by_text("round 1, saved by attempt 1")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Cancel. .*may not change runs"))).to_be_visible()
    assert faults(page) == []


def test_the_timeline_has_one_bar_for_a_mapped_step(open_page: OpenPage, wide_id: str) -> None:
    page = open_page(address(wide_id))
    timeline = page.get_by_role("region", name="Timeline, scrolls sideways")
    expect(
        timeline.get_by_role("img", name=re.compile(f"^item, {ITEMS} items: 108 succeeded, 12 failed"))
    ).to_be_visible()
    expect(timeline.get_by_role("link", name=re.compile("^prepare, attempt 1: succeeded"))).to_be_visible()
    expect(
        page.get_by_role("button", name="Cancel", exact=True)
    ).to_be_visible()  # the actions are loaded, so none looks pale
    assert {"/steps"} <= asked(page) <= {"", "/actions", "/density", "/steps"}
    assert faults(page) == []


def test_the_journal_and_the_undos_come_in_pages(open_page: OpenPage, wide_id: str) -> None:
    page = open_page(address(wide_id, "compensations"))
    ladder = page.get_by_role("table", name="Compensations")
    expect(ladder).to_have_attribute("aria-rowcount", "101")
    page.get_by_role("button", name="Next to be undone").click()
    expect(ladder).to_have_attribute("aria-rowcount", str(1 + ITEMS - 100))
    expect(ladder.get_by_role("row").nth(1).get_by_role("cell").first).to_contain_text("101.")
    page.get_by_role("button", name="First to be undone").click()
    expect(ladder).to_have_attribute("aria-rowcount", "101")
