"""One workflow."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.support.world import World

SPACED_KEY = "two  spaces   key"


def address(workflow_id: str, section: str = "timeline") -> str:
    """The address of a workflow's page."""
    return f"/plugin/wfstate?workflow={workflow_id}&section={section}"


@pytest.fixture(scope="module")
def bare_id(world: World) -> str:
    """A workflow that was cancelled before its first step, with a key that has runs of spaces."""
    workflow_id = world.start(world.rows.add_run("intake"), name="bare", key=SPACED_KEY).workflow.id
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))
    return workflow_id


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_timeline_has_a_lane_for_each_dag_and_the_way_back(open_page: OpenPage, story: Story, theme: str) -> None:
    page = open_page(address(story.compensated.workflow_id), theme=theme)
    timeline = page.get_by_role("region", name="Timeline, scrolls sideways")
    expect(timeline.get_by_role("heading")).to_have_text(["shop_intake", "shop_fulfilment"])
    expect(timeline.get_by_role("link", name=re.compile("^ship, attempt 1: failed"))).to_be_visible()
    expect(timeline.get_by_role("img", name=re.compile("^reserve, compensation task:reserve: done"))).to_be_visible()
    failed = page.get_by_role("status", name="What failed")
    expect(failed).to_contain_text("Step shop_fulfilment.ship failed and has been undone")
    expect(failed).to_contain_text("ship is broken")
    assert faults(page) == []


def test_attempts_lead_to_the_log_in_airflow(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.running.workflow_id))
    second = page.get_by_role("link", name=re.compile("^ship, attempt 2: running"))
    href = second.get_attribute("href") or ""
    assert href.endswith(f"/runs/{story.running.child_run}/tasks/ship?try_number=2"), href
    expect(page.get_by_title("now").first).to_be_attached()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_step_unfolds(open_page: OpenPage, story: Story, theme: str) -> None:
    page = open_page(address(story.running.workflow_id, "steps"), "viewer", theme)
    page.get_by_role("button", name="ship", exact=True).click()
    expect(page.get_by_text("parcels_labelled, round 1, saved by attempt 2")).to_be_visible()
    expect(page.get_by_role("region", name="Value of parcels_labelled")).to_contain_text("count: 2")
    expect(page.get_by_role("link", name="log of try 1")).to_be_visible()
    page.get_by_role("button", name="pack", exact=True).click()
    tree = page.get_by_role("region", name="Value of pack")
    expect(tree).to_contain_text('carrier: "river post"')
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    assert download.value.suggested_filename == "pack.json"
    assert faults(page) == []


def test_every_section_can_be_read_by_everybody(open_page: OpenPage, story: Story) -> None:
    shown = {
        "Compensations": "task:reserve",
        "Graph": "not started",
        "Journal": "The workflow started.",
        "DAG runs": story.compensated.run_id,
    }
    page = open_page(address(story.compensated.workflow_id), "viewer", "dark")
    for section, text in shown.items():
        page.get_by_role("tab", name=section).click()
        expect(page.get_by_role("tabpanel").get_by_text(text).first).to_be_visible()
        assert faults(page) == [], section


def test_the_ladder_is_in_the_order_of_the_undo(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.compensated.workflow_id, "compensations"))
    steps = page.get_by_role("table", name="Compensations").get_by_role("row").locator("[role=cell]:first-child")
    expect(steps).to_have_text(
        [
            "1.shop_intake.fulfil",
            "2.shop_fulfilment.ship",
            "3.shop_fulfilment.pack",
            "4.shop_intake.charge",
            "5.shop_intake.reserve",
        ]
    )


def test_times_are_in_the_zone_that_the_reader_chose(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.running.workflow_id))
    utc = page.get_by_role("definition").filter(has_text=re.compile(r"^\d{4}-")).first.inner_text()
    page.evaluate("localStorage.setItem('timezone', JSON.stringify('Asia/Kolkata'))")
    page.reload()
    kolkata = page.get_by_role("definition").filter(has_text=re.compile(r"^\d{4}-")).first.inner_text()
    page.evaluate("localStorage.removeItem('timezone')")
    assert utc[14:16] != kolkata[14:16], (utc, kolkata)  # minutes: Kolkata is five hours and a half ahead


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_step_that_failed_stands_on_top_while_its_run_goes_on(open_page: OpenPage, story: Story, theme: str) -> None:
    page = open_page(address(story.failing), theme=theme)
    told = page.get_by_role("status").filter(has_text="book_all_differences_into_the_general_ledger failed")
    expect(told).to_contain_text("What happens next is decided when its DAG run ends.")
    expect(told).to_contain_text("refuses entries dated before the first of the month")
    expect(page.get_by_role("group", name="Steps")).to_contain_text("2 done")
    expect(page.get_by_role("group", name="Steps")).to_contain_text("1 failed")
    assert faults(page) == []


def test_what_was_undone_is_apart_from_what_failed_and_from_the_work(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.compensated.workflow_id))
    expect(page.get_by_role("group", name="Steps")).to_contain_text("5 undone")
    facts = page.get_by_role("term")
    expect(facts.filter(has_text="Took").locator("+ dd")).to_have_text(re.compile(r"^\d+m?s$"))
    expect(facts.filter(has_text="Undone after").locator("+ dd")).to_have_text(re.compile(r"^\d+m?s$"))


def test_long_names_do_not_widen_a_narrow_page(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failing), width=375)
    expect(page.get_by_role("status").filter(has_text="What happens next is decided")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    ours = page.locator("[data-wfstate]").first
    assert ours.evaluate("element => element.scrollWidth - element.clientWidth") <= 1


def test_long_names_push_no_column_out_at_1280_pixels(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failing, "steps"), width=1280)
    table = page.get_by_role("table", name="Steps")
    expect(table.get_by_role("columnheader", name="Restart from here")).to_be_in_viewport(ratio=1)
    assert table.evaluate("element => element.scrollWidth <= element.clientWidth")
    name = table.get_by_text("book_all_differences_into_the_general_ledger")
    expect(name.locator("xpath=..")).to_have_attribute("title", "book_all_differences_into_the_general_ledger")
    assert name.locator("xpath=..").evaluate("element => element.scrollHeight > element.clientHeight")


@pytest.mark.parametrize("section", ["timeline", "steps"])
def test_a_workflow_that_ended_without_steps_awaits_none(open_page: OpenPage, bare_id: str, section: str) -> None:
    page = open_page(address(bare_id, section))
    expect(page.get_by_role("tabpanel")).to_contain_text("It ended without any step.")
    expect(page.get_by_role("definition").filter(has_text="none")).to_be_visible()
    expect(page.get_by_text("No step has started yet")).to_have_count(0)
    expect(page.get_by_text("Drag across the bars")).to_have_count(0)
    assert faults(page) == []


@pytest.mark.parametrize("width", [1280, 375])
def test_runs_of_spaces_are_shown(open_page: OpenPage, bare_id: str, width: int) -> None:
    """Playwright's assertions ignore them; the rendered text does not."""
    page = open_page("/plugin/wfstate?name=bare", width=width)
    page.get_by_role("link", name=SPACED_KEY).wait_for()
    assert SPACED_KEY in page.locator("[data-wfstate]").inner_text()
    page = open_page(address(bare_id), width=width)
    page.get_by_role("heading", name=SPACED_KEY).wait_for()
    assert page.get_by_role("heading", name=SPACED_KEY).inner_text() == f"bare {SPACED_KEY}"
