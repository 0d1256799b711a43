"""A workflow with 2,000 items: the page scrolls at 60 frames per second and requests little data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from tests.browser.conftest import PATIENCE, OpenPage
from tests.browser.test_workflow import address
from tests.support.wide_workflow import add_items
from tests.support.world import World

ITEMS: Final = 2000
FRAME_MICROSECONDS: Final = 1_000_000 / 60
MAX_POLL_BYTES: Final = 100_000


@pytest.fixture(scope="module")
def very_wide_id(world: World) -> Iterator[str]:
    """A running workflow with 2,000 items of one step, of which 200 have failed."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="wide").workflow.id
    world.step_done(run_id, "prepare")
    add_items(world.rows.engine, workflow_id, run_id, ITEMS)
    yield workflow_id
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))


def unfold(page: Page) -> None:
    """Show the items."""
    page.get_by_role("button", name=f"item ({ITEMS} items)").click()
    expect(page.get_by_role("button", name="item[00000]")).to_be_visible()


def test_two_thousand_rows_scroll_at_sixty_frames(
    browser: Browser, open_page: OpenPage, very_wide_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Measures CPU time from the browser's own trace, so that other processes on this machine do not count."""
    page = open_page(address(very_wide_id, "steps"))
    unfold(page)
    items = page.get_by_role("table", name="Items of item")
    # Load every page once, so that only scrolling is measured.
    items.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(items.get_by_role("button", name=f"item[{ITEMS - 1:05}]")).to_be_visible()
    items.evaluate("element => element.scrollTo(0, 0)")
    expect(items.get_by_role("button", name="item[00000]")).to_be_visible()

    browser.start_tracing(page=page, categories=["devtools.timeline", "toplevel"])
    frames = items.evaluate(
        """element => new Promise((done) => {
             let frames = 0;
             const step = () => {
               element.scrollBy(0, 140);
               frames += 1;
               const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 1;
               if (isAtEnd || frames > 2000) { done(frames); } else { requestAnimationFrame(step); }
             };
             requestAnimationFrame(step);
           })"""
    )
    work = main_thread_work(json.loads(browser.stop_tracing())["traceEvents"])
    rows = items.get_by_role("row").count()

    busy = sum(work)
    late = sum(1 for microseconds in work if microseconds > FRAME_MICROSECONDS)
    with capsys.disabled():
        print(f"\n{frames} frames over {ITEMS} rows: {busy / frames / 1000:.1f} ms of work a frame, {late} late")
    assert frames > ITEMS * 41 / 140 * 0.9
    assert rows < 60
    assert busy / frames < FRAME_MICROSECONDS
    assert late <= frames * 0.05


def main_thread_work(events: list[dict[str, Any]]) -> list[float]:
    """The CPU microseconds of each task on the page's main thread."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event
        for event in events
        # A task that was running when the trace ended has no duration.
        if event["name"] == "ThreadControllerImpl::RunTask" and "dur" in event and (event["pid"], event["tid"]) in mains
    ]
    assert tasks
    return [float(event.get("tdur", event["dur"])) for event in tasks]


_ASKED: Final[dict[str, list[str]]] = {
    "timeline": ["step_limit=0", "/actions", "/steps?"],
    "steps": ["step_limit=0", "/actions", "after="],
    "compensations": ["step_limit=0", "/actions", "/compensations?"],
    "graph": ["step_limit=0", "/actions"],
    "journal": ["step_limit=0", "/actions", "/journal?"],
    "runs": ["step_limit=0", "/actions"],
}
"""Parts of the addresses that each section requests, including those common to all sections."""


@pytest.mark.parametrize("section", _ASKED)
def test_a_poll_is_at_most_a_hundred_kilobytes(
    open_page: OpenPage, very_wide_id: str, section: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts uncompressed responses without 304s: what the page receives when everything has changed."""
    page = open_page(address(very_wide_id, section))
    if section == "steps":
        unfold(page)
        items = page.get_by_role("table", name="Items of item")
        items.evaluate("element => element.scrollTo(0, element.scrollHeight / 2)")
        expect(items.get_by_role("button", name=re.compile(r"item\[010\d\d\]")).first).to_be_visible()
    sizes: dict[str, int] = {}

    def answered(route: Route) -> None:
        asked = {name: value for name, value in route.request.headers.items() if name != "if-none-match"}
        answer = route.fetch(headers=asked)
        sizes[route.request.url] = len(answer.body())
        route.fulfill(response=answer)

    page.route("**/wfstate/ui/workflows/**", answered)
    for _ in range(PATIENCE // 100):
        page.keyboard.press("r")  # does nothing while a response is pending
        page.wait_for_timeout(100)
        if all(any(part in url for url in sizes) for part in _ASKED[section]):
            break
    page.unroute_all(behavior="ignoreErrors")
    assert all(any(part in url for url in sizes) for part in _ASKED[section]), sizes
    with capsys.disabled():
        print(f"\n{section}: {sum(sizes.values()):,} bytes a poll")
    assert sum(sizes.values()) <= MAX_POLL_BYTES, sizes
