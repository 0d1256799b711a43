"""Values as trees and texts, attempts and workflows side by side, and the journal on the page and as a download."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_workflow import address


def test_a_value_is_a_tree_a_text_and_has_paths(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.running.workflow_id, "steps"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="pack", exact=True).click()
    value = page.get_by_role("region", name="Value of pack")
    value.get_by_text("1: {2}").click()  # it is folded together with its parts
    value.get_by_text("grams: 1250").hover()
    value.get_by_role("button", name="Copy the path $.parcels[1].grams").click()
    assert page.evaluate("navigator.clipboard.readText()") == "$.parcels[1].grams"
    page.get_by_role("button", name="Show as text").click()
    expect(value).to_contain_text('"carrier": "river post"')
    assert faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_attempts_stand_side_by_side(open_page: OpenPage, story: Story, theme: str) -> None:
    page = open_page(address(story.running.workflow_id, "steps"), theme=theme)
    page.get_by_role("button", name="ship", exact=True).click()
    page.get_by_text("Compare two attempts").click()
    table = page.get_by_role("table", name="Two attempts")
    expect(table.get_by_role("columnheader")).to_have_text(["Fact", "Attempt 1", "Attempt 2"])
    expect(table.get_by_role("row", name=re.compile("^State"))).to_contain_text("differs")
    expect(table.get_by_role("row", name=re.compile("^Error"))).to_contain_text("ship is broken")
    # Long names wrap, so that none overlaps its neighbour.
    cells = table.get_by_role("cell")
    assert cells.evaluate_all("cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth + 1)")
    page.get_by_label("First attempt").select_option("2")
    expect(table.get_by_text("differs")).to_have_count(0)
    assert faults(page) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 375)])
def test_two_workflows_stand_side_by_side(open_page: OpenPage, story: Story, theme: str, width: int) -> None:
    page = open_page(address(story.compensated.workflow_id), "viewer", theme, width)
    page.get_by_role("link", name="with another workflow").click()
    page.get_by_label("Id of the other workflow").fill(story.running.workflow_id)
    page.get_by_role("button", name="Compare").click()
    facts = page.get_by_role("table", name="Facts")
    expect(facts.get_by_role("columnheader")).to_contain_text(["Fact", story.compensated.key, story.running.key])
    steps = page.get_by_role("table", name="Steps")
    expect(steps.get_by_role("row").filter(has_text="shop_fulfilment.ship")).to_contain_text("differs")
    expect(page.get_by_role("heading", name="Input")).to_be_visible()
    ours = page.locator("[data-wfstate]").first
    assert ours.evaluate("element => element.scrollWidth - element.clientWidth") <= 1
    assert faults(page) == []


def test_two_of_the_list_are_compared(open_page: OpenPage, story: Story) -> None:
    page = open_page("/plugin/wfstate")
    for key in (story.running.key, story.failed.key):
        page.get_by_role("row").filter(has_text=key).locator("label").click()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("table", name="Facts")).to_be_visible()


def test_input_stands_beside_output(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.running.workflow_id))
    page.get_by_text("Input and output").click()
    boxes = [page.get_by_role("heading", name=name, exact=True).bounding_box() for name in ("Input", "Output")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] < boxes[1]["x"]


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 375)])
def test_the_journal_is_sentences_with_details(open_page: OpenPage, story: Story, theme: str, width: int) -> None:
    page = open_page(address(story.compensated.workflow_id, "journal"), "viewer", theme, width)
    entries = page.get_by_role("list", name="Journal").get_by_role("listitem")
    expect(entries.first).to_contain_text("The workflow started.")
    page.get_by_label("About").select_option("compensation")
    page.get_by_label("Step", exact=True).select_option("shop_intake.charge")
    expect(entries).to_have_count(2)
    expect(entries.nth(1)).to_contain_text("shop_intake.charge was undone.")
    entries.nth(0).locator("summary").first.click()
    expect(entries.nth(0)).to_contain_text("compensation.began")
    expect(entries.nth(0)).to_contain_text('handler: "task:charge"')
    ours = page.locator("[data-wfstate]").first
    assert ours.evaluate("element => element.scrollWidth - element.clientWidth") <= 1
    assert faults(page) == []
    page.reload()  # the address keeps the filters
    expect(entries).to_have_count(2)


def test_the_journal_is_downloaded_as_it_is_narrowed(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.compensated.workflow_id, "journal"))
    page.get_by_label("About").select_option("failures")
    expect(page.get_by_role("list", name="Journal")).to_contain_text(re.compile("ship failed"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"journal-{story.compensated.workflow_id}.csv"
    with Path(download.value.path()).open(newline="", encoding="utf-8") as file:
        kinds = {row["kind"] for row in csv.DictReader(file)}
    assert kinds == {"step.failed", "workflow.failed"}
