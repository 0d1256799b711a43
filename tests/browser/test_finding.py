"""Find a workflow and see why it failed: columns, filters, views, and the notice at the top of a workflow."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from airflow_wfstate.domain.rules.policies import FailurePolicy
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.browser.test_workflows import LIST
from tests.support.world import World

TRACE = 'Traceback (most recent call last):\n  File "bank.py", line 7, in charge\nValueError: card declined'
LONG_NAME = "settlement_" + "of_every_account_" * 11
RTL_KEY = "הזמנה-1007"  # right to left
HIDDEN = "in​visible"
"""Contains a zero-width space."""


@pytest.fixture(scope="module")
def odd(world: World) -> str:
    """A workflow with a name of 198 characters, a right-to-left key, an invisible character and a traceback."""
    run_id = world.rows.add_run("intake")
    started = world.start(
        run_id,
        name=LONG_NAME,
        key=RTL_KEY,
        labels={"region": "eu", "text": HIDDEN, "tier": "gold", "desk": "<b>7</b>"},
        on_failure=FailurePolicy.HOLD,
    )
    task = world.rows.add_task("intake", run_id, "charge")
    world.fail(world.begin_as(task, "charge"), TRACE)
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=9))
    return started.workflow.id


def _row(page: Page, key: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=key, exact=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_says_which_step_failed_and_why(open_page: OpenPage, odd: str, story: Story, theme: str) -> None:
    page = open_page(LIST, theme=theme)
    row = _row(page, RTL_KEY)
    expect(row.get_by_text("ValueError: card declined")).to_be_visible()
    expect(row).not_to_contain_text("Traceback")
    log = row.get_by_role("link", name="intake.charge: log of try 1")
    assert "/tasks/charge?try_number=1" in (log.get_attribute("href") or "")
    expect(row.get_by_role("link", name="text=in\\u200bvisible")).to_be_visible()
    expect(_row(page, story.failed.key)).to_contain_text("ship is broken")
    expect(_row(page, story.running.key)).to_contain_text("ship")
    assert faults(page) == []


@pytest.mark.parametrize("width", [1280, 1024])
def test_no_column_is_pushed_out_by_a_long_name(open_page: OpenPage, odd: str, width: int) -> None:
    page = open_page(f"{LIST}?label=tier%3Dgold", width=width)
    expect(_row(page, RTL_KEY)).to_be_visible()
    area = page.get_by_role("table").locator("..")
    assert area.evaluate("element => element.scrollWidth - element.clientWidth") <= 1


def test_a_label_filters_on_a_click_and_a_chip_takes_it_away(open_page: OpenPage, odd: str, story: Story) -> None:
    page = open_page(LIST)
    _row(page, RTL_KEY).get_by_role("link", name="region=eu").click()
    page.wait_for_url("**?label=region%3Deu")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("button", name="All 1")).to_be_visible()
    expect(page.get_by_text("Last 24 hours: 1 started, 0 of them failed")).to_be_visible()

    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Label", exact=True).fill("tier=silver")
    page.get_by_label("Label", exact=True).press("Enter")
    expect(page.get_by_text("No workflows match.")).to_be_visible()
    page.get_by_role("button", name="Remove the filter tier=silver").click()
    expect(_row(page, RTL_KEY)).to_be_visible()
    page.get_by_role("button", name="Clear all").click()
    expect(_row(page, story.running.key)).to_be_visible()


def test_times_and_the_state_of_a_step_filter(open_page: OpenPage, odd: str, story: Story) -> None:
    page = open_page(f"{LIST}?step=failed")
    expect(_row(page, RTL_KEY)).to_be_visible()
    expect(_row(page, story.plain.key)).to_have_count(0)
    page.get_by_label("Started before", exact=True).fill("2020-01-01T00:00")
    page.wait_for_url("**to=2020-01-01T00%3A00%3A00.000Z")
    expect(page.get_by_text("No workflows match.")).to_be_visible()
    expect(page.get_by_role("button", name="Remove the filter started before 2020-01-01 00:00")).to_be_visible()
    expect(page.get_by_role("button", name="All 0")).to_be_visible()
    page.get_by_label("Started before", exact=True).fill("")
    page.get_by_label("Step state").select_option("")
    expect(_row(page, story.plain.key)).to_be_visible()


def test_a_period_in_which_nothing_can_start_has_a_sentence_instead_of_a_chart(
    open_page: OpenPage, story: Story
) -> None:
    page = open_page(f"{LIST}?from=2999-01-01T00:00:00Z")
    expect(page.get_by_text("No period to show: its start is later than now.")).to_be_visible()
    expect(page.get_by_role("button", name="All 0")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("started, 0 failed"))).to_have_count(0)
    page = open_page(f"{LIST}?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z")
    expect(page.get_by_text("No period to show: its start is not before its end.")).to_be_visible()
    assert faults(page) == []


def test_two_filters_removed_at_once_stay_removed(open_page: OpenPage, odd: str, story: Story) -> None:
    """The second click comes when the first is in the address bar, and the page is not rendered again yet."""
    page = open_page(f"{LIST}?step=failed&to=2020-01-01T00:00:00Z")
    chips = page.get_by_role("group", name="Filters").get_by_role("button", name="Remove the filter")
    expect(chips).to_have_count(2)
    removed = "element => [...element.querySelectorAll('[aria-label^=\"Remove the filter\"]')]"
    page.get_by_role("group", name="Filters").evaluate(
        f"""async (group) => {{
            const [one, other] = ({removed})(group);
            one.click();
            for (let wait = 0; wait < 1000 && location.search.includes("to="); wait += 1) await null;
            other.click();
        }}"""
    )
    expect(_row(page, story.plain.key)).to_be_visible()
    expect(chips).to_have_count(0)


def test_typing_goes_on_after_a_pause(open_page: OpenPage, story: Story) -> None:
    """The page that was loaded first stays: a second mount would take the focus away."""
    page = open_page(LIST)
    page.get_by_label("Workflow name").focus()
    for typed in ("sh", "op", "_x"):
        page.keyboard.type(typed)
        page.wait_for_url(f"**{typed}")
    page.wait_for_url("**name=shop_x")
    expect(page.get_by_label("Workflow name")).to_be_focused()
    expect(page.get_by_text("No workflows match.")).to_be_visible()


def test_a_key_pressed_while_the_filter_is_applied_is_not_lost(open_page: OpenPage, story: Story) -> None:
    """The third letter comes when the first two are in the address bar, and the page is not rendered again yet."""
    page = open_page(LIST)
    field = page.get_by_label("Workflow name")
    expect(field).to_be_visible()
    field.evaluate(
        """(field) => {
            const push = history.pushState;
            history.pushState = function (...args) {
                history.pushState = push;
                push.apply(history, args);
                queueMicrotask(() => {
                    const typed = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
                    typed.set.call(field, "sho");
                    field.dispatchEvent(new Event("input", { bubbles: true }));
                });
            };
        }"""
    )
    field.press_sequentially("sh")
    page.wait_for_url("**name=sho")
    expect(field).to_have_value("sho")
    page.go_back()
    page.wait_for_url("**name=sh")
    expect(field).to_have_value("sh")
    page.go_back()
    expect(field).to_have_value("")
    expect(_row(page, story.plain.key)).to_be_visible()


def test_a_view_is_saved_opened_and_removed(open_page: OpenPage, odd: str, story: Story) -> None:
    page = open_page(f"{LIST}?label=region%3Deu&sort=key")
    views = page.get_by_role("navigation", name="Views")
    views.get_by_role("button", name="+ Save this view").click()
    views.get_by_label("View name").fill("Europe <b>")
    views.get_by_role("button", name="Save").click()
    expect(views.get_by_role("link", name="Europe <b>")).to_have_attribute("aria-current", "page")

    views.get_by_role("link", name="Needs me").click()
    page.wait_for_url("**?flagged=true")
    expect(_row(page, story.failed.key)).to_be_visible()
    views.get_by_role("link", name="Failed today").click()
    expect(_row(page, story.compensated.key)).to_be_visible()
    expect(_row(page, story.plain.key)).to_have_count(0)
    views.get_by_role("link", name="Slowest").click()
    expect(page.get_by_role("columnheader", name="Took")).to_have_attribute("aria-sort", "descending")

    page.reload()
    views.get_by_role("link", name="Europe <b>").click()
    expect(page.get_by_role("row")).to_have_count(2)
    views.get_by_role("button", name="Remove the view Europe <b>").click()
    expect(views.get_by_role("link", name="Europe <b>")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_failed_workflow_says_on_top_what_failed_and_what_helps(
    open_page: OpenPage, story: Story, theme: str
) -> None:
    page = open_page(address(story.failed.workflow_id), theme=theme)
    failed = page.get_by_role("status", name="What failed")
    expect(failed).to_contain_text("Step shop_fulfilment.ship failed")
    expect(failed.get_by_role("link", name="Log of try 1")).to_have_attribute("href", re.compile("/tasks/ship"))
    expect(failed.get_by_role("link", name="DAG shop_fulfilment")).to_be_visible()
    expect(failed.get_by_role("button", name="Resume")).to_be_visible()
    # Whoever speaks the visible label to a computer means this button.
    failed.get_by_role("button", name=re.compile("^Restart from this step: shop_fulfilment.ship$")).click()
    expect(page.get_by_role("dialog").get_by_role("region", name="What will happen")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("Restart from shop_fulfilment.ship")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert faults(page) == []


def test_a_long_error_unfolds(open_page: OpenPage, odd: str) -> None:
    page = open_page(address(odd))
    failed = page.get_by_role("status", name="What failed")
    expect(failed.get_by_text("ValueError: card declined", exact=True)).to_be_visible()
    whole = failed.get_by_text('File "bank.py", line 7, in charge')
    expect(whole).to_be_hidden()
    failed.get_by_text("Traceback", exact=True).click()
    expect(whole).to_be_visible()
    page.get_by_role("link", name="desk=<b>7</b>").click()
    page.wait_for_url("**/plugin/wfstate?label=desk%3D%3Cb%3E7%3C%2Fb%3E")
    expect(_row(page, RTL_KEY)).to_be_visible()


def test_a_narrow_screen_has_cards_of_three_lines(open_page: OpenPage, odd: str) -> None:
    page = open_page(LIST, width=375)
    card = (
        page.get_by_role("list", name="Workflows")
        .get_by_role("listitem")
        .filter(has=page.get_by_role("link", name=RTL_KEY))
    )
    expect(card.get_by_text("ValueError: card declined")).to_be_visible()
    expect(card.get_by_text(LONG_NAME)).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)
    assert card.evaluate("element => element.getBoundingClientRect().height") < 86
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    ours = page.locator("[data-wfstate]").first
    assert ours.evaluate("element => element.scrollWidth - element.clientWidth") <= 1
    assert faults(page) == []


def test_where_texts_have_no_index_the_page_says_so_beside_the_filter(open_page: OpenPage, story: Story) -> None:
    """The site's database is SQLite. A server with pg_trgm shows no such note."""
    page = open_page(LIST)
    said = page.get_by_text("The database has no text index")
    expect(said).to_have_count(0)
    page.get_by_role("button", name="More filters").click()
    expect(said).to_be_visible()
    described = page.get_by_label("Key or label contains").get_attribute("aria-describedby")
    assert described == said.get_attribute("id")
    assert faults(page) == []


def test_where_they_have_one_it_says_nothing(open_page: OpenPage, story: Story) -> None:
    page = open_page(LIST)

    def with_index(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"finds_text_by_index": True})

    page.route("**/wfstate/ui/health", with_index)
    with page.expect_response("**/wfstate/ui/health"):
        page.get_by_role("button", name="More filters").click()
    expect(page.get_by_label("Error contains")).to_be_visible()
    expect(page.get_by_text("The database has no text index")).to_have_count(0)


def test_a_filter_that_cannot_be_asked_for_is_said_to_be_left_out(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"{LIST}?contains=ab&label=region&flagged=maybe&state=bogus&from=soon")
    chips = page.get_by_role("group", name="Filters")
    for told in ("contains=ab", "label=region", "flagged=maybe", "state=bogus", "from=soon"):
        expect(chips).to_contain_text(f"not understood, ignored: {told}")
    chips.get_by_role("button", name="Remove the filter not understood, ignored: contains=ab").click()
    expect(chips).not_to_contain_text("contains=ab")
    assert "contains" not in page.url


def test_what_is_no_state_and_no_order_is_said_to_be_left_out(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"{LIST}?state=failed,bogus&sort=nonsense")
    chips = page.get_by_role("group", name="Filters")
    expect(chips.get_by_role("button", name="Remove the filter failed", exact=True)).to_be_visible()
    chips.get_by_role("button", name="Remove the filter not understood, ignored: state=bogus").click()
    expect(chips).not_to_contain_text("bogus")
    page.wait_for_url("**state=failed&sort=nonsense")
    chips.get_by_role("button", name="Remove the filter not understood, ignored: sort=nonsense").click()
    page.wait_for_url("**state=failed")
    expect(_row(page, story.failed.key)).to_be_visible()
