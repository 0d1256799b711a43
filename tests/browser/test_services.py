"""Services on the page: lanes, waits, events with their bodies, waiting events, and subscriptions."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from airflow_wfstate.domain.rules.services.event_state import EventState
from tests.browser.conftest import PATIENCE, ContextOf, OpenPage, faults
from tests.browser.services import HOSTILE, NAME, Services, tell_of_services
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.support.api_server import ApiServer
from tests.support.world import World


@pytest.fixture(scope="module")
def services(world: World, story: Story) -> Services:
    return tell_of_services(world)


def overflow(page: Page) -> int:
    """By how many pixels our part of the page overflows."""
    width: int = page.locator("[data-wfstate]").first.evaluate("element => element.scrollWidth - element.clientWidth")
    return width


def section(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def test_a_workflow_of_services_alone_says_what_it_waits_for_in_every_section(
    open_page: OpenPage, services: Services
) -> None:
    page = open_page(address(services.waiting))
    waits = page.get_by_role("region", name="Waiting for")
    # The first page of the module takes longer, because the browser loads all of Airflow's scripts.
    told = "payments.capture waits for payments to report how it ended, since 20"
    expect(waits).to_contain_text(told, timeout=PATIENCE)
    bar = page.get_by_role("img", name=re.compile("^capture, by a service: running; .*Last report none since"))
    expect(bar).to_be_visible()
    legend = page.get_by_role("group", name="Legend")
    expect(legend).to_contain_text("a service in progress that the workflow is waiting for")

    section(page, "Graph")
    expect(page.get_by_role("link", name=re.compile("^capture: running; awaited since .*number 2 in"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^deliver: not started; number 4 in the plan"))).to_be_visible()
    expect(page.get_by_text("service that reports through events")).to_have_count(3)
    assert faults(page) == []

    section(page, "Steps")
    expect(page.get_by_role("row", name=re.compile("capture")).first).to_contain_text("waits for payments to report")
    page.get_by_role("button", name="capture", exact=True).click()
    expect(page.get_by_text("Reports from the service")).to_be_visible()

    section(page, "Journal")
    page.get_by_role("list", name="Journal").locator("summary").first.click()
    entry = page.get_by_role("list", name="Journal").get_by_role("listitem").first
    expect(entry).to_contain_text(services.shop.source("shop"))
    expect(entry).to_contain_text(services.placed["id"])
    entry.get_by_role("button", name="Show the event").click()
    expect(entry.get_by_role("region", name=f"Value of {services.placed['id']}")).to_contain_text("order_id")
    page.set_viewport_size({"width": 375, "height": 900})
    expect(entry).to_contain_text("sha256")
    assert overflow(page) == 0


def test_hostile_names_of_services_are_text_and_take_no_more_room_than_there_is(
    open_page: OpenPage, services: Services
) -> None:
    page = open_page(address(services.hostile, "graph"), width=375, theme="dark")
    expect(page.get_by_text(NAME).first).to_be_visible()

    assert page.title() != "1"
    assert page.locator("[data-wfstate] img[src=x]").count() == 0
    assert overflow(page) == 0


def test_the_hint_above_the_events_fits_a_telephone(open_page: OpenPage, services: Services) -> None:
    page = open_page("/plugin/wfstate?events=waiting", width=375)
    line = page.get_by_role("group", name="Actions on the selected events")
    expect(line).to_have_text("Select events to apply again or drop.")
    assert line.evaluate("element => element.scrollWidth - element.clientWidth") <= 0


def test_an_event_that_could_not_be_applied_is_looked_at_and_dropped_with_a_reason(
    open_page: OpenPage, services: Services, world: World
) -> None:
    page = open_page("/plugin/wfstate", width=1024)
    links = page.get_by_role("navigation", name="Services")
    expect(links).to_contain_text("1 dead, 1 parked")
    links.get_by_role("link", name="Waiting events").click()
    page.get_by_role("combobox", name="State").select_option("dead")
    summary = page.locator("[data-wfstate] summary")
    expect(summary).to_have_count(1)
    expect(summary).to_contain_text("order-services 1008")
    summary.click()
    page.get_by_role("button", name="Show the event").click()
    shown = HOSTILE.replace('"', '\\"').replace("\u202e", "\\u202e")
    expect(page.get_by_role("region", name=f"Value of {services.dead['id']}")).to_contain_text(shown)
    assert faults(page) == []
    assert overflow(page) == 0

    page.get_by_role("checkbox", name=f"Select the event {services.dead['id']}").check(force=True)
    page.get_by_role("button", name="Drop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("You cannot undo this.")
    expect(dialog.get_by_role("button", name="Drop", exact=True)).to_be_disabled()
    dialog.get_by_role("textbox").fill("a test of theirs")
    dialog.get_by_role("button", name="Drop", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("1 event changed. Now: 1 dropped.")
    event = world.backend.get_event(services.dead["source"], services.dead["id"]).event
    assert event.state is EventState.DROPPED
    assert event.reason == "Dropped by user:admin (ui): a test of theirs"


def test_a_webhook_that_refuses_is_shown_with_its_answer_and_paused(open_page: OpenPage, services: Services) -> None:
    page = open_page("/plugin/wfstate?subscriptions=all")
    card = page.get_by_role("region", name=services.webhook)
    expect(card).to_contain_text("503 the ledger is closed for the night")
    expect(card.get_by_role("table", name="Not accepted")).to_contain_text("order-services 1001")
    assert faults(page) == []

    card.get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("they move house")
    dialog.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Subscription the ledger is paused.")
    expect(card).to_contain_text("they move house")


def test_who_may_not_manage_subscriptions_does_not_see_them(open_page: OpenPage, services: Services) -> None:
    page = open_page("/plugin/wfstate", login="viewer")
    expect(page.get_by_role("navigation", name="Services").get_by_role("link", name="Waiting events")).to_be_visible()
    expect(page.get_by_role("link", name="Subscriptions")).to_have_count(0)

    page.goto(page.url.split("?", maxsplit=1)[0] + "?subscriptions=all")
    expect(page.get_by_text("You are not allowed to manage subscriptions.")).to_be_visible()
    expect(page.get_by_text(services.webhook)).to_have_count(0)


def test_a_position_that_nobody_issued_is_refused_once(
    contexts: ContextOf, site: ApiServer, services: Services
) -> None:
    """Does not use ``open_page``, which treats a refusal as an error of the page."""
    page = contexts("admin", "light").new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/workflows?" in request.url else None)
    page.goto(f"{site.url}/plugin/wfstate?cursor=zzz")

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This page could not be loaded")
    expect(alert).not_to_contain_text("retrying")
    page.wait_for_timeout(6_000)  # a retry would come after five seconds
    assert len([url for url in asked if "cursor=zzz" in url]) == 1
    page.get_by_role("button", name="First page").click()
    expect(page.get_by_role("link", name="1001")).to_be_visible()
    page.close()
