"""The page of a workflow's name."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from airflow_wfstate.domain.messages.definition import ApplyDefinition
from tests.browser.conftest import OpenPage, faults
from tests.browser.history import HOSTILE_NAME, history
from tests.browser.story import Story
from tests.support.world import World

ADDRESS = f"/plugin/wfstate?about={quote(HOSTILE_NAME, safe='')}"


@pytest.fixture(scope="module")
def fared(world: World, story: Story) -> str:
    """The id of a workflow whose name has many workflows."""
    return history(world)


def _fits(page: Page) -> bool:
    ours = page.locator("[data-wfstate]").first
    return bool(ours.evaluate("element => element.scrollWidth - element.clientWidth <= 1"))


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1024), ("light", 375), ("dark", 375)])
def test_a_name_has_its_numbers(open_page: OpenPage, fared: str, theme: str, width: int) -> None:
    page = open_page(ADDRESS, "viewer", theme, width)
    expect(page.get_by_role("heading", level=2)).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.get_by_role("img", name=re.compile("^Workflows by start time"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Durations of 180 workflows: half took"))).to_be_visible()
    expect(page.get_by_role("table", name="Slowest steps").get_by_role("row").nth(1)).to_contain_text("intake.pay")
    expect(page.get_by_role("definition").filter(has_text=re.compile(r"^\d+\.\d%$"))).to_be_visible()
    errors = page.get_by_role("table", name="Most frequent errors").get_by_role("row")
    expect(errors).to_have_count(2)
    expect(errors.nth(1)).to_contain_text("<script>alert(1)</script> has no money")
    expect(page.get_by_role("table", name="Definition versions")).to_contain_text("2 steps")
    assert _fits(page)
    assert faults(page) == []


def test_a_chart_tells_the_numbers_of_a_bar_to_mouse_and_keyboard(open_page: OpenPage, fared: str) -> None:
    page = open_page(ADDRESS)
    chart = page.get_by_role("img", name=re.compile("^Durations of"))
    chart.focus()
    page.keyboard.press("ArrowRight")
    tooltip = page.get_by_role("status").filter(has_text="workflows")
    expect(tooltip).to_contain_text(re.compile(r"\d+m?s to \d+"))
    first = tooltip.inner_text()
    page.keyboard.press("ArrowRight")
    expect(tooltip).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(tooltip).to_have_count(0)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tooltip).to_be_visible()


def test_a_list_and_a_workflow_lead_to_their_name_and_back(open_page: OpenPage, fared: str, story: Story) -> None:
    page = open_page("/plugin/wfstate?name=trip")
    page.get_by_role("link", name="trip", exact=True).first.click()
    expect(page.get_by_role("heading", name="Workflow trip")).to_be_visible()
    page.get_by_role("link", name="Show in the list").click()
    expect(page.get_by_label("Workflow name")).to_have_value("trip")

    page = open_page(ADDRESS)
    page.get_by_label("Started", exact=True).select_option("month")
    page.wait_for_url(re.compile("since=month"))
    page.get_by_role("table", name="Most frequent errors").get_by_role("link", name="30", exact=True).click()
    expect(page.get_by_role("link", name=re.compile(r"^order-\d+$"))).to_have_count(30)
    page.go_back()
    page.get_by_role("link", name="newest workflow").click()
    expect(page.get_by_text("has no money for order").first).to_be_visible()
    page.get_by_role("link", name=re.compile("onerror")).click()
    expect(page.get_by_role("table", name="Slowest steps")).to_be_visible()


def test_a_name_of_which_there_is_nothing_says_so(open_page: OpenPage, fared: str) -> None:
    page = open_page("/plugin/wfstate?about=nothing%2Fof%20it")
    expect(page.get_by_text("No workflow with this name that you are allowed to see started")).to_be_visible()
    assert faults(page) == []


def test_a_definition_that_was_applied_is_told_by_its_number(open_page: OpenPage, world: World) -> None:
    name = world.unique("defined")
    world.backend.apply_definition(ApplyDefinition(name, f"name: {name}\nplan: [a]"))
    first = world.start(name=name)
    world.backend.apply_definition(ApplyDefinition(name, f"name: {name}\nplan: [a, b]"))
    world.start(name=name)

    page = open_page(f"/plugin/wfstate?about={name}")
    rows = page.get_by_role("table", name="Definition versions").get_by_role("row")
    expect(rows.nth(1)).to_contain_text(re.compile(r"^2 [0-9a-f]{12}"))
    expect(rows.nth(2)).to_contain_text(re.compile(r"^1 [0-9a-f]{12}"))
    page = open_page(f"/plugin/wfstate?workflow={first.workflow.id}")
    expect(page.get_by_text("version 1; version 2 is in force")).to_be_visible()
