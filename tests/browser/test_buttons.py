"""The buttons: the server's plan first, then a reason, then what it did."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from airflow_wfstate.domain.rules.states import WorkflowState
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.support.world import World


def test_a_plan_is_shown_and_nothing_done(open_page: OpenPage, story: Story, world: World) -> None:
    told = world.told(story.failed.workflow_id)
    page = open_page(address(story.failed.workflow_id), theme="dark")
    page.get_by_role("button", name="Resume", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"\d tasks? in \d runs? will be cleared"))
    expect(dialog).to_contain_text("the stored output is reused")
    expect(dialog).to_contain_text("shop_intake.reserve")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert world.told(story.failed.workflow_id) == told


def test_a_compensation_is_planned_in_its_order(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failed.workflow_id))
    page.get_by_role("button", name="Compensate", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("5 steps will be undone, in this order")
    expect(dialog.get_by_role("listitem").first).to_contain_text("shop_intake.fulfil, by task:fulfil")
    assert faults(page) == []


def test_the_plan_of_an_undo_names_what_stays(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failing))
    page.get_by_role("button", name="Compensate", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Undo 1; 2 stay as they are: no undo is declared.")
    expect(dialog.get_by_role("heading", name="2 steps stay as they are: no undo is declared")).to_be_visible()
    stays = dialog.get_by_role("listitem").filter(has_text="book_all_differences_into_the_general_ledger")
    expect(stays).to_contain_text("failed, may have acted")


def test_a_restart_begins_with_the_step(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failed.workflow_id, "steps"))
    page.get_by_role("button", name="Restart from charge").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Restart from shop_intake.charge")
    expect(dialog).to_contain_text("Steps that will run")


def test_a_cancel_by_the_keyboard_is_done_with_its_reason(open_page: OpenPage, story: Story, world: World) -> None:
    page = open_page(address(story.plain.workflow_id))
    page.get_by_role("button", name="Cancel", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel", exact=True)).to_be_enabled()
    page.get_by_label(re.compile("^Reason")).fill("ordered twice")
    dialog.get_by_role("button", name="Cancel", exact=True).press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("cancelled", exact=True).first).to_be_visible()
    last = world.journal(story.plain.workflow_id)[-1]
    assert (last.kind.value, last.actor, last.data["reason"]) == ("workflow.cancelled", "user:admin", "ordered twice")
    assert world.state(story.plain.workflow_id) is WorkflowState.CANCELLED


def test_a_viewer_is_told_why_not(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.failed.workflow_id), "viewer")
    resume = page.get_by_role("button", name=re.compile("^Resume"))
    expect(resume).to_have_attribute("title", re.compile("viewer may not change runs of the DAG"))
    expect(resume).to_have_attribute("aria-disabled", "true")
    resume.click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert faults(page) == []


def test_a_state_that_forbids_it_says_so(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.compensated.workflow_id))
    resume = page.get_by_role("button", name=re.compile("^Resume"))
    expect(resume).to_have_attribute("title", re.compile("was compensated, which is final"))


def test_an_undo_that_stopped_leads_to_the_decision(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.stuck_undo))
    failed = page.get_by_role("status", name="What failed")
    expect(failed).to_contain_text("The undo has stopped")
    failed.get_by_role("button", name="Decide what to do", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Retry: "))).to_be_visible()


def test_a_failed_compensation_is_decided_with_a_reason(open_page: OpenPage, story: Story, world: World) -> None:
    page = open_page(address(story.stuck_undo, "compensations"))
    page.get_by_role("button", name="Mark done: intake.book_hotel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Mark done")).to_be_disabled()
    dialog.get_by_label(re.compile("^Reason")).fill("called the hotel")
    dialog.get_by_role("button", name="Mark done").click()
    expect(page.get_by_text("The compensation of intake.book_hotel is now done.")).to_be_visible()
    assert "compensation.done intake.book_hotel" in world.told(story.stuck_undo)
