"""How long Chromium works on a frame while 2,000 items scroll. Only ``make scrolling`` runs this."""

from __future__ import annotations

import json
import statistics
from typing import Any, Final

from playwright.sync_api import Browser, expect

from tests.browser.conftest import ITEMS, OpenPage
from tests.browser.test_wide_page import scroll_through, unfold
from tests.browser.test_workflow import address

_FRAME_MICROSECONDS: Final = 1_000_000 / 60
_TURNS: Final = 5


def test_scrolling_is_measured(browser: Browser, open_page: OpenPage, very_wide_id: str) -> None:
    """Prints CPU time from the browser's own trace, so that waiting for other processes does not count."""
    page = open_page(address(very_wide_id, "steps"))
    unfold(page)
    items = page.get_by_role("table", name="Items of item")
    # Load every page once, so that only scrolling is measured.
    items.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(items.get_by_role("button", name=f"item[{ITEMS - 1:05}]")).to_be_visible()

    means: list[float] = []
    for turn in range(_TURNS):
        items.evaluate("element => element.scrollTo(0, 0)")
        expect(items.get_by_role("button", name="item[00000]")).to_be_visible()
        browser.start_tracing(page=page, categories=["devtools.timeline", "toplevel"])
        frames = scroll_through(page)["frames"]
        work = _main_thread_work(json.loads(browser.stop_tracing())["traceEvents"])
        late = sum(1 for microseconds in work if microseconds > _FRAME_MICROSECONDS)
        means.append(sum(work) / frames / 1000)
        print(f"turn {turn + 1}: {frames} frames, {means[-1]:.1f} ms of work a frame, {late} of them late")
    print(f"median of {_TURNS} turns: {statistics.median(means):.1f} ms a frame; 60 frames a second leave 16.7 ms")


def _main_thread_work(events: list[dict[str, Any]]) -> list[float]:
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
