"""Our parts inside Airflow's own pages, and narrow windows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.browser.test_workflows import LIST
from tests.support.shop import FULFILMENT, INTAKE


def test_a_dag_run_has_its_workflow(open_page: OpenPage, story: Story) -> None:
    order = story.compensated
    page = open_page(f"/dags/{FULFILMENT}/runs/{order.child_run}/plugin/wfstate-run", "viewer", "dark")
    expect(page.get_by_role("heading", name=f"shop {order.key}")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Workflow$")).first).to_be_visible()
    assert faults(page) == []


def test_a_run_without_a_workflow_says_so(open_page: OpenPage, story: Story) -> None:
    story.running.world.rows.add_run(INTAKE, "manual__alone")
    page = open_page(f"/dags/{INTAKE}/runs/manual__alone/plugin/wfstate-run")
    expect(page.get_by_text("This run does not take part in a workflow.")).to_be_visible()


def test_a_dag_has_its_workflows(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"/dags/{FULFILMENT}/plugin/wfstate-dag")
    expect(page.get_by_role("link", name=story.compensated.key)).to_be_visible()
    expect(page.get_by_role("cell", name="trip")).to_have_count(0)


def test_a_tab_that_is_narrower_than_its_window_has_cards(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"/dags/{FULFILMENT}/plugin/wfstate-dag", width=1024)
    cards = page.get_by_role("list", name="Workflows")
    expect(cards.get_by_role("link", name=story.compensated.key)).to_be_visible()
    ours = page.locator("[data-wfstate]").first
    assert ours.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_task_instance_has_its_attempts(open_page: OpenPage, story: Story) -> None:
    order = story.running
    page = open_page(f"/dags/{FULFILMENT}/runs/{order.child_run}/tasks/ship/plugin/wfstate-task")
    expect(page.get_by_text("Step ship", exact=True)).to_be_visible()
    expect(page.get_by_text("parcels_labelled, round 1")).to_be_visible()


def test_the_home_page_leads_to_what_needs_somebody(open_page: OpenPage, story: Story) -> None:
    page = open_page("/")
    page.get_by_role("link", name=re.compile("^1 Failed")).click()
    expect(page.get_by_role("link", name=story.failed.key)).to_be_visible()
    assert "state=failed" in page.url


NARROW = pytest.mark.parametrize("width", [375, 640], ids=["a telephone", "1280 pixels at 200 %"])


@NARROW
def test_a_narrow_window_shows_all_of_a_workflow(open_page: OpenPage, story: Story, width: int) -> None:
    page = open_page(address(story.running.workflow_id), width=width)
    ours = page.locator("[data-wfstate]").first
    for section in ("Timeline", "Steps"):
        page.get_by_role("tab", name=section).click()
        expect(page.get_by_role("tabpanel").get_by_text("reserve").first).to_be_visible()
        assert ours.evaluate("element => element.scrollWidth <= element.clientWidth"), section
        assert faults(page) == [], section


@NARROW
def test_a_narrow_window_shows_the_list(open_page: OpenPage, story: Story, width: int) -> None:
    page = open_page(LIST, width=width)
    expect(page.get_by_role("link", name=story.failed.key)).to_be_visible()
    ours = page.locator("[data-wfstate]").first
    assert ours.evaluate("element => element.scrollWidth <= element.clientWidth")
    assert faults(page) == []
