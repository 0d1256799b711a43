"""The page under hands that are quicker than the server, and that do several things at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route, expect

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.browser.conftest import OpenPage
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.browser.test_workflows import LIST
from tests.support.world import World

NAME = "by_hand"
GROUP = "Actions on the selected workflows"


@dataclass
class Orders:
    """Three running workflows with the keys hand-0 to hand-2."""

    world: World
    ids: dict[str, str] = field(default_factory=dict)

    def start(self, key: str) -> None:
        run_id = self.world.rows.add_run("intake")
        self.ids[key] = self.world.start(run_id, name=NAME, key=key).workflow.id

    def cancel(self, key: str) -> None:
        self.world.backend.cancel_workflow(CancelWorkflow(self.ids[key]))

    def state(self, key: str) -> WorkflowState:
        return self.world.state(self.ids[key])


@pytest.fixture(scope="module")
def all_orders(world: World, story: Story) -> Iterator[Orders]:
    orders = Orders(world)
    yield orders
    for key in orders.ids:
        if orders.state(key) is WorkflowState.RUNNING:
            orders.cancel(key)


@pytest.fixture
def orders(all_orders: Orders) -> Orders:
    """Started again only where a test has cancelled one: the list of other tests has room for 50."""
    for key in ("hand-0", "hand-1", "hand-2"):
        if key not in all_orders.ids or all_orders.state(key) is not WorkflowState.RUNNING:
            all_orders.start(key)
    return all_orders


def _open(open_page: OpenPage, query: str = "&sort=key") -> Page:
    page = open_page(f"{LIST}?name={NAME}&state=running{query}")
    expect(page.get_by_role("link", name="hand-2")).to_be_visible()
    return page


def _choose(page: Page, *keys: str) -> None:
    for key in keys:
        page.get_by_role("row").filter(has_text=key).locator("[data-part=control]").click()


def _bulk(page: Page, verb: str, *keys: str) -> None:
    """Select some rows and open the dialog."""
    _choose(page, *keys)
    page.get_by_role("group", name=GROUP).get_by_role("button", name=verb, exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("button", name=re.compile(f"^{verb}: "))).to_be_enabled()


def test_the_first_tick_moves_no_row(open_page: OpenPage, orders: Orders) -> None:
    page = _open(open_page)
    second = page.get_by_role("row").filter(has_text="hand-1")
    before = second.bounding_box()
    _choose(page, "hand-0")
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert second.bounding_box() == before


def test_an_error_that_comes_late_is_seen(open_page: OpenPage, orders: Orders) -> None:
    """Neither Escape nor a click beside it closes a dialog whose request is on its way."""
    page = open_page(address(orders.ids["hand-0"]))
    held: list[Route] = []
    page.route("**/cancel", lambda route: held.append(route))
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    verb = dialog.get_by_role("button", name="Cancel", exact=True)
    expect(verb).to_be_enabled()
    with page.expect_request("**/cancel"):
        verb.click()
    page.keyboard.press("Escape")
    expect(verb).to_have_attribute("aria-busy", "true")
    expect(verb).to_be_focused()
    page.mouse.click(5, 5)
    verb.click()
    assert len(held) == 1

    held[0].fulfill(status=200, body="{")  # a truncated response; a browser logs a refusal as an error of the page
    expect(dialog.get_by_role("alert")).to_contain_text("It is not known whether this was done")
    expect(verb).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_typed_reason_outlives_a_stray_click_escape_and_a_colleague(open_page: OpenPage, orders: Orders) -> None:
    page = open_page(address(orders.ids["hand-0"]))
    page.get_by_role("button", name="Cancel", exact=True).click()
    reason = page.get_by_role("dialog").get_by_label(re.compile("^Reason"))
    reason.click()
    page.keyboard.type("the customer called, and")
    page.mouse.click(5, 5)
    page.keyboard.press("Escape")
    expect(reason).to_have_value("the customer called, and")

    orders.cancel("hand-0")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True)).to_be_disabled()
    expect(reason).to_have_value("the customer called, and")
    page.get_by_role("dialog").get_by_text("Close", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_bulk_action_tells_what_it_did_although_its_rows_have_left_the_list(
    open_page: OpenPage, orders: Orders
) -> None:
    page = _open(open_page)
    _bulk(page, "Cancel", "hand-0", "hand-1", "hand-2")
    held: list[Route] = []
    page.route(f"**/{orders.ids['hand-2']}/cancel", lambda route: held.append(route))
    with page.expect_request(f"**/{orders.ids['hand-2']}/cancel"):
        page.get_by_role("dialog").get_by_role("button", name="Cancel: 3 of 3").click()
    items = page.get_by_role("dialog").get_by_role("listitem")
    expect(items.filter(has_text="hand-0")).to_contain_text("Done.")
    orders.cancel("hand-2")
    with page.expect_response("**/ui/workflows?**"):
        page.evaluate("window.dispatchEvent(new Event('wfstate:refresh'))")
    expect(page.get_by_text("No workflows match.")).to_be_visible()

    held[0].fulfill(status=200, body="{")  # a truncated response
    expect(items.filter(has_text="hand-2")).to_contain_text("Not known whether it was done.")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("It is not known whether this was done")


def test_a_bulk_action_is_stopped_between_two_workflows(open_page: OpenPage, orders: Orders) -> None:
    page = _open(open_page)
    _bulk(page, "Cancel", "hand-0", "hand-1")
    held: list[Route] = []
    page.route("**/cancel", lambda route: held.append(route))
    with page.expect_request("**/cancel"):
        page.get_by_role("dialog").get_by_role("button", name="Cancel: 2 of 2").click()
    page.get_by_role("button", name="Stop after this one").click()
    held[0].continue_()
    told = page.get_by_role("status").filter(has_text="Cancel: done for 1 of 2 workflows. Left out: hand-1.")
    expect(told).to_be_visible()
    assert (orders.state("hand-0"), orders.state("hand-1")) == (WorkflowState.CANCELLED, WorkflowState.RUNNING)


def test_what_is_out_of_sight_is_not_selected(open_page: OpenPage, orders: Orders) -> None:
    page = _open(open_page)
    _choose(page, "hand-0")
    page.get_by_role("columnheader", name="Key").get_by_role("button").click()
    page.wait_for_url("**sort=-key*")
    expect(page.get_by_text("Select workflows to act on them together.")).to_be_visible()
    page.go_back()
    page.wait_for_url("**sort=key*")
    expect(page.get_by_text("Select workflows to act on them together.")).to_be_visible()


def test_the_keys_go_on_where_the_row_has_left_the_list(open_page: OpenPage, orders: Orders) -> None:
    page = _open(open_page)
    focused = "document.activeElement.closest('a')?.textContent"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "hand-1"
    orders.cancel("hand-1")
    page.keyboard.press("r")
    expect(page.get_by_role("link", name="hand-1")).to_have_count(0)
    page.keyboard.press("j")
    assert page.evaluate(focused) == "hand-2"


def test_the_way_back_keeps_the_place_and_the_filters(open_page: OpenPage, orders: Orders) -> None:
    page = _open(open_page)
    page.set_viewport_size({"width": 1400, "height": 300})
    section = page.get_by_role("region", name="Workflows")
    page.get_by_role("link", name="hand-2").scroll_into_view_if_needed()
    place = section.evaluate("element => element.scrollTop")
    assert place > 0
    page.get_by_role("link", name="hand-2").click()
    expect(page.get_by_role("heading", name=f"{NAME} hand-2")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="hand-2")).to_be_in_viewport()
    expect(section).to_have_js_property("scrollTop", place)

    page.get_by_role("link", name="hand-2").click()
    page.get_by_role("link", name="All workflows").click()
    page.wait_for_url(f"**?name={NAME}&state=running&sort=key")


def test_views_saved_in_two_tabs_are_both_kept(open_page: OpenPage, orders: Orders) -> None:
    pages = [_open(open_page, f"&sort={sort}") for sort in ("key", "-key")]
    for number, page in enumerate(pages):
        views = page.get_by_role("navigation", name="Views")
        views.get_by_role("button", name="+ Save this view").click()
        page.keyboard.type(f"tab {number}")
        page.keyboard.press("Enter")
        expect(views.get_by_role("link", name=f"tab {number}")).to_be_visible()
    for number in range(2):
        expect(pages[0].get_by_role("link", name=f"tab {number}")).to_be_visible()
        pages[1].get_by_role("button", name=f"Remove the view tab {number}").click()


def test_a_wrong_clock_in_the_browser_changes_no_age(open_page: OpenPage, orders: Orders) -> None:
    page = open_page("/")
    page.add_init_script("const real = Date.now; Date.now = () => real() - 3600000")
    page.goto(page.url.rstrip("/") + f"{LIST}?name={NAME}&state=running&since=hour")
    expect(page.get_by_role("link", name="hand-2")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_text(re.compile(r": [1-9]\d* started"))).to_be_visible()


def test_a_time_without_a_part_leaves_the_filter(open_page: OpenPage, orders: Orders) -> None:
    page = _open(open_page)
    page.get_by_role("button", name="More filters").click()
    until = page.get_by_label("Started before", exact=True)
    until.focus()
    page.keyboard.type("010220200930AM", delay=30)
    page.wait_for_url("**to=2020-01-02T09%3A30%3A00.000Z")
    page.keyboard.press("Backspace")
    expect(until).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Remove the filter started before 2020-01-02 09:30")).to_be_visible()
    page.keyboard.type("P")
    page.wait_for_url("**to=2020-01-02T21%3A30%3A00.000Z")
    expect(until).to_have_attribute("aria-invalid", "false")
