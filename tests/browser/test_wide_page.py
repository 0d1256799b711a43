"""A workflow with 2,000 items: the page draws and requests only what is visible."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ITEMS, PATIENCE, OpenPage
from tests.browser.test_workflow import address

MAX_POLL_BYTES: Final = 100_000


def unfold(page: Page) -> None:
    """Show the items."""
    page.get_by_role("button", name=f"item ({ITEMS} items)").click()
    expect(page.get_by_role("button", name="item[00000]")).to_be_visible()


def test_two_thousand_rows_scroll_with_a_screenful_in_the_document(open_page: OpenPage, very_wide_id: str) -> None:
    """``make scrolling`` measures the time of a frame."""
    page = open_page(address(very_wide_id, "steps"))
    unfold(page)

    scrolled = scroll_through(page)

    assert scrolled["frames"] > ITEMS * 41 / 140 * 0.9
    assert 10 < scrolled["most_rows"] < 60
    items = page.get_by_role("table", name="Items of item")
    expect(items.get_by_role("button", name=f"item[{ITEMS - 1:05}]")).to_be_visible()


def scroll_through(page: Page) -> dict[str, int]:
    """Scroll from the first item to the last; return how many frames it took, and the most rows that were drawn."""
    scrolled: dict[str, int] = page.get_by_role("table", name="Items of item").evaluate(
        """element => new Promise((done) => {
             let frames = 0;
             let most_rows = 0;
             const step = () => {
               element.scrollBy(0, 140);
               frames += 1;
               most_rows = Math.max(most_rows, element.querySelectorAll("[role=row], tr").length);
               const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 1;
               if (isAtEnd || frames > 2000) { done({ frames, most_rows }); } else { requestAnimationFrame(step); }
             };
             requestAnimationFrame(step);
           })"""
    )
    return scrolled


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
