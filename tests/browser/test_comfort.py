"""What makes the page quick to use: copy buttons, the title, shortcuts, notices that go away, a menu on a phone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from airflow.cli.cli_parser import get_parser
from playwright.sync_api import Page, expect

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.browser.test_workflows import LIST
from tests.support.saga import Saga
from tests.support.world import World


@pytest.fixture
def stuck(world: World) -> Iterator[str]:
    """A workflow whose undo stopped at the hotel. Ended afterwards, because other tests count flagged workflows."""
    saga = Saga.start(world, name="trip")
    saga.done("book_flight", "book_hotel")
    saga.undo(saga.fail(), fails=["book_hotel"])
    yield saga.workflow_id
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))


@pytest.fixture
def held(world: World) -> Iterator[Saga]:
    """A failed workflow that can be undone. It is ended afterwards."""
    saga = Saga.start(world, name="trip", on_failure=FailurePolicy.HOLD)
    saga.done("book_flight")
    saga.fail()
    yield saga
    if saga.detail().summary.state in (WorkflowState.FAILED, WorkflowState.COMPENSATION_FAILED):
        world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))


def clipboard(page: Page) -> str:
    """What was copied last."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def copied_command(page: Page, group: str) -> list[str]:
    """The arguments of the command beside a button, as a shell reads them. Airflow's own parser accepts them."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    beside = page.get_by_role("group", name=group, exact=True)
    beside.get_by_role("button", name="Copy as command").click()
    expect(beside.get_by_role("button", name="Copied")).to_be_visible()
    words = shlex.split(clipboard(page))
    get_parser().parse_args(words[1:])
    return words


def test_the_key_and_the_id_are_copied_as_they_are_stored(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failed.workflow_id))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for button, text in {"Copy the key": story.failed.key, "Copy the id": story.failed.workflow_id}.items():
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert clipboard(page) == text
        expect(page.get_by_role("button", name="Copied")).to_have_count(0)


def test_each_button_is_copied_as_the_command_that_does_the_same(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failed.workflow_id))
    for button in ("Resume", "Cancel", "Compensate"):
        assert copied_command(page, button) == ["airflow", "wfstate", button.lower(), story.failed.workflow_id]


def test_a_decision_is_copied_with_the_reason_that_is_typed(open_page: OpenPage, stuck: str) -> None:
    page = open_page(address(stuck, "compensations"))
    page.get_by_role("button", name=re.compile("^Skip: intake.book_hotel")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("^Reason")).fill("it's too late; $(date)")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy as command").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    words = shlex.split(clipboard(page))
    arguments = get_parser().parse_args(words[1:])
    assert (arguments.decision, arguments.step, arguments.round) == ("skip", "intake.book_hotel", 1)
    assert arguments.reason == "it's too late; $(date)"
    assert faults(page) == []


def test_the_browsers_tab_is_called_after_the_page(open_page: OpenPage, story: Story) -> None:
    page = open_page(LIST)
    expect(page).to_have_title("Workflows")
    page.get_by_role("link", name=story.failed.key).click()
    expect(page).to_have_title(f"{story.failed.key}: failed (shop)")
    page.get_by_role("link", name="with another workflow").click()
    expect(page).to_have_title(f"Compare {story.failed.key}")
    page.get_by_label("Id of the other workflow").fill(story.running.workflow_id)
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_title(f"Compare {story.failed.key} with {story.running.key}")
    page.get_by_role("link", name="All workflows").click()
    expect(page).to_have_title("Workflows")
    page.get_by_role("link", name="shop", exact=True).first.click()
    expect(page).to_have_title("shop: workflows")


def test_the_list_is_used_by_keys(open_page: OpenPage, story: Story) -> None:
    page = open_page(f"{LIST}?name=shop")
    links = page.get_by_role("row").get_by_role("link", name=re.compile("^key-"))
    expect(page.get_by_role("link", name=story.failed.key)).to_be_visible()
    focused = "document.activeElement.closest('a')?.textContent"
    keys = links.all_inner_texts()
    page.keyboard.press("j")
    assert page.evaluate(focused) == keys[0]
    page.keyboard.press("j")
    assert page.evaluate(focused) == keys[1]
    page.keyboard.press("k")
    assert page.evaluate(focused) == keys[0]

    page.keyboard.press("/")
    search = page.get_by_label("Key or correlation id")
    expect(search).to_be_focused()
    page.keyboard.type("jk?r/")
    expect(search).to_have_value("jk?r/")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_keys_are_told_in_a_dialog(open_page: OpenPage, story: Story, theme: str) -> None:
    page = open_page(address(story.failed.workflow_id), theme=theme)
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_contain_text("Next row")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # By itself, the page asks for the allowed actions only every half minute.
    with page.expect_request(re.compile(f"{story.failed.workflow_id}/actions")):
        page.keyboard.press("r")


def test_a_notice_ends_when_the_workflow_has_gone_on(open_page: OpenPage, held: Saga) -> None:
    page = open_page(address(held.workflow_id))
    page.get_by_role("button", name="Compensate", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Compensate")).to_be_enabled()
    dialog.get_by_role("button", name="Compensate", exact=True).click()
    notice = page.get_by_role("status").filter(has_text="newest step first")
    expect(notice).to_be_visible()
    expect(page.get_by_text("compensating", exact=True).first).to_be_visible()
    page.keyboard.press("r")
    expect(notice).to_be_visible()
    assert held.undo(held.ask(), fails=["book_flight"]) == ["book_flight"]
    page.keyboard.press("r")
    expect(page.get_by_text("compensation failed", exact=True).first).to_be_visible()
    expect(notice).to_have_count(0)


def test_a_notice_is_put_away(open_page: OpenPage, held: Saga) -> None:
    page = open_page(address(held.workflow_id))
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()
    notice = page.get_by_role("status").filter(has_text="It is cancelled")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


def test_buttons_keep_their_answer_while_the_next_is_fetched(open_page: OpenPage, held: Saga) -> None:
    page = open_page(address(held.workflow_id))
    resume = page.get_by_role("button", name=re.compile("^Resume"))
    expect(resume).to_have_accessible_name("Resume")
    page.route("**/actions", lambda route: None)  # the next response never arrives
    held.world.backend.cancel_workflow(CancelWorkflow(held.workflow_id))
    page.keyboard.press("r")
    expect(page.get_by_text("cancelled", exact=True).first).to_be_visible()
    expect(resume).to_have_accessible_name("Resume")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_telephone_the_actions_are_a_menu(open_page: OpenPage, story: Story, theme: str) -> None:
    page = open_page(address(story.compensated.workflow_id), "admin", theme, 375)
    expect(page.get_by_role("button", name=re.compile("^Resume"))).to_be_hidden()
    page.get_by_role("button", name="Actions").click()
    resume = page.get_by_role("menuitem", name=re.compile("^Resume"))
    expect(resume).to_contain_text("which is final")
    expect(resume).to_have_attribute("aria-disabled", "true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.keyboard.press("Escape")
    page.goto(page.url.replace(story.compensated.workflow_id, story.failed.workflow_id))
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Resume", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("will be cleared")


def test_on_paper_the_menu_of_a_telephone_is_left_out(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failed.workflow_id), width=1400)
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Actions")).to_be_hidden()


@pytest.mark.parametrize("width", [375, 1024, 1280])
def test_decisions_are_in_sight(open_page: OpenPage, stuck: str, width: int) -> None:
    page = open_page(address(stuck, "compensations"), width=width)
    for verb in ("Retry", "Skip", "Mark done"):
        box = page.get_by_role("button", name=f"{verb}: intake.book_hotel").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert faults(page) == []
