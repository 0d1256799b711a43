"""The list of workflows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story

LIST = "/plugin/wfstate"


@pytest.mark.parametrize(("login", "theme"), [("admin", "light"), ("viewer", "dark")])
def test_everybody_sees_where_each_workflow_stands(open_page: OpenPage, story: Story, login: str, theme: str) -> None:
    page = open_page(LIST, login, theme)
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=story.running.key))
    expect(row).to_contain_text("running")
    expect(row).to_contain_text("3 of 6")
    expect(row).to_contain_text("ship")
    held = page.get_by_role("row").filter(has=page.get_by_role("link", name=story.failed.key))
    expect(held.get_by_role("img", name=re.compile("^held: ."))).to_be_visible()
    expect(page.get_by_role("button", name="compensated: 1")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Last 24 hours: \d+ started, \d+ of them failed"))).to_be_visible()
    assert faults(page) == []


def test_filters_stand_in_the_address_and_the_way_back_undoes_them(open_page: OpenPage, story: Story) -> None:
    page = open_page(LIST)
    links = page.get_by_role("link", name=re.compile("^key-"))
    page.get_by_role("button", name=re.compile("^compensated:")).click()
    expect(links).to_have_text([story.compensated.key])
    assert "state=compensated" in page.url
    page.go_back()
    expect(links.nth(3)).to_be_visible()

    page.get_by_label("Key or correlation id").press_sequentially(story.running.key)
    expect(links).to_have_text([story.running.key])
    page.wait_for_url(f"**?search={story.running.key}")
    page.get_by_label("Key or correlation id").fill("no such key")
    page.get_by_role("button", name="Clear the filters").click()
    expect(links.nth(3)).to_be_visible()

    page.get_by_label("Key or correlation id").press_sequentially(story.failed.workflow_id[:20])
    expect(links).to_have_text([story.failed.key])


def test_a_view_that_was_sent_shows_the_same(open_page: OpenPage, story: Story) -> None:
    # Only failed ones, because on a slow machine a running one is flagged too after a while.
    page = open_page(f"{LIST}?flagged=true&sort=name&name=shop&state=failed", "viewer")
    expect(page.get_by_role("link", name=re.compile("^key-"))).to_have_text([story.failed.key])
    expect(page.get_by_role("button", name="Needs attention", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")


def test_a_click_sorts(open_page: OpenPage) -> None:
    page = open_page(LIST)
    links = page.get_by_role("link", name=re.compile("^key-"))
    expect(links.nth(3)).to_be_visible()
    page.get_by_role("button", name="Key", exact=False).filter(has_text=re.compile("^Key")).click()
    page.wait_for_url("**sort=key*")
    expect(page.get_by_role("columnheader", name="Key")).to_have_attribute("aria-sort", "ascending")
    keys = links.all_inner_texts()
    assert keys == sorted(keys)


def test_many_at_once_are_planned_first(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"{LIST}?name=shop")
    for key in (story.failed.key, story.compensated.key):
        page.get_by_role("row").filter(has_text=key).locator("[data-part=control]").click()
    page.get_by_role("group", name="Actions on the selected workflows").get_by_role(
        "button", name="Resume", exact=True
    ).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem").filter(has_text=story.failed.key)).to_contain_text("clears")
    expect(dialog.get_by_role("listitem").filter(has_text=story.compensated.key)).to_contain_text("Skipped.")
    expect(dialog.get_by_role("button", name="Resume: 1 of 2")).to_be_enabled()


def test_an_error_says_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page(LIST)
    expect(page.get_by_role("button", name=re.compile("^All"))).to_be_visible()
    page.route(re.compile("/wfstate/ui/workflows[?]"), lambda route: route.fulfill(status=200, body="{"))
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"As of \d\d:\d\d:\d\d, retrying"))
    expect(page.get_by_role("alert")).to_contain_text("The server sent a response that this page does not understand")


def test_a_running_workflow_of_which_a_step_has_failed_says_so(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"{LIST}?state=running")
    row = page.get_by_role("row").filter(has_text="yearly_settlement")
    expect(row.get_by_role("img", name=re.compile("^a step has failed: intake.book_all"))).to_be_visible()
    expect(row.get_by_role("img", name="2 of 3 steps done, 1 failed")).to_be_attached()
