"""The timeline: its tooltips, shortened idle time, and zooming by dragging."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from airflow.models.taskinstance import TaskInstance
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from airflow_wfstate.store.database import schema
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_graph import overflow
from tests.browser.test_workflow import address
from tests.support.wide_workflow import add_items
from tests.support.world import World


@pytest.fixture(scope="session")
def patient_id(world: World) -> str:
    """A running workflow: two steps of one second, eighteen minutes apart, and 200 items, one of which was queued."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="patient").workflow.id
    world.step_done(run_id, "ask")
    world.step_done(run_id, "act")
    add_items(world.rows.engine, workflow_id, run_id, 200)
    now = datetime.now(timezone.utc)
    steps = {step.name: step.id for step in world.backend.list_steps(workflow_id).steps if step.item_key == ""}
    long_ago = now - timedelta(minutes=18, seconds=2)
    task = TaskInstance.__table__
    with world.rows.engine.begin() as connection:
        attempt, workflow = schema.attempt, schema.workflow
        for name, began in (("ask", long_ago), ("act", now - timedelta(seconds=1))):
            times = {"started_at": began, "ended_at": began + timedelta(milliseconds=1234)}
            connection.execute(update(attempt).where(attempt.c.step_id == steps[name]).values(**times))
        connection.execute(update(workflow).where(workflow.c.id == workflow_id).values(started_at=long_ago))
        queued = long_ago - timedelta(seconds=3)
        of_ask = (task.c.run_id == run_id, task.c.task_id.like("ask%"))
        connection.execute(update(task).where(*of_ask).values(hostname="worker-7", queued_dttm=queued))
    return workflow_id


def timeline(page: Page) -> Locator:
    """The bars after they are drawn."""
    expect(page.get_by_role("group", name="Legend")).to_be_visible()
    return page.get_by_role("region", name="Timeline, scrolls sideways")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_bar_tells_its_times_try_worker_and_queue_by_mouse_and_by_keyboard(
    open_page: OpenPage, patient_id: str, theme: str
) -> None:
    page = open_page(address(patient_id), theme=theme)
    ask = timeline(page).get_by_role("link", name=re.compile("^ask, attempt 1: succeeded"))
    ask.hover()
    tip = page.get_by_role("tooltip")
    for told in ("1234 ms", "worker-7", "3000 ms", "Try"):
        expect(tip).to_contain_text(told)
    assert faults(page) == []
    page.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    ask.focus()
    expect(tip).to_contain_text("worker-7")
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    expect(ask).to_have_attribute("href", re.compile("/tasks/ask"))


def test_eighteen_idle_minutes_are_cut_and_said(open_page: OpenPage, patient_id: str) -> None:
    page = open_page(address(patient_id))
    bars = timeline(page)
    expect(bars.get_by_text("… 18m 0s").or_(bars.get_by_text("… 17m 59s"))).to_be_visible()
    box = bars.get_by_role("link", name=re.compile("^ask, attempt 1")).bounding_box()
    assert box is not None
    assert box["width"] > 60, "one second of eighteen minutes would be a dot"


def test_a_drag_looks_closer_and_reset_looks_at_all_of_it_again(open_page: OpenPage, patient_id: str) -> None:
    page = open_page(address(patient_id))
    bars = timeline(page)
    ask = bars.get_by_role("link", name=re.compile("^ask, attempt 1"))
    before = ask.bounding_box()
    assert before is not None
    page.mouse.move(before["x"] - 4, before["y"] + 60)
    page.mouse.down()
    page.mouse.move(before["x"] + before["width"] / 2, before["y"] + 60, steps=5)
    page.mouse.up()
    expect(page.get_by_text("Showing part of the timeline.")).to_be_visible()
    closer = ask.bounding_box()
    assert closer is not None
    assert closer["width"] > 2 * before["width"]
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Drag across the bars")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 375])
def test_a_mapped_step_is_a_density_with_its_counts(open_page: OpenPage, patient_id: str, width: int) -> None:
    page = open_page(address(patient_id), width=width)
    item = timeline(page).get_by_role("img", name=re.compile("^item, 200 items: 180 succeeded, 20 failed"))
    expect(item).to_be_visible()
    expect(page.get_by_role("group", name="Legend")).to_contain_text("the higher, the more items are running")
    assert overflow(page) <= 1


def test_the_way_back_is_told_too(open_page: OpenPage, story: Story) -> None:
    page = open_page(address(story.compensated.workflow_id))
    timeline(page).get_by_role("img", name=re.compile("^reserve, compensation task:reserve: done")).hover()
    expect(page.get_by_role("tooltip")).to_contain_text("Attempts")
