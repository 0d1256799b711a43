"""The api-server is stopped and started, or freezes, while a page is open."""

from __future__ import annotations

import os
import re
import signal

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE, ContextOf
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.support.api_server import ApiServerProcess


def test_an_open_page_lives_through_a_restart(
    contexts: ContextOf, site_process: ApiServerProcess, story: Story
) -> None:
    """Does not use ``open_page``, which treats a failed request as an error of the page."""
    page = contexts("admin", "light").new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{site_process.url}{address(story.failed.workflow_id, 'steps')}")
    heading = page.get_by_role("heading", name=f"shop {story.failed.key}")
    resume = page.get_by_role("button", name="Resume", exact=True)
    expect(resume).to_be_visible()

    site_process.stop()
    page.keyboard.press("r")
    alert = page.get_by_role("alert").filter(has_text="The api-server does not respond.")
    expect(alert).to_have_count(1)  # no matter how many parts of the page make requests
    expect(alert).to_contain_text(re.compile(r"As of \d\d:\d\d:\d\d, retrying"))
    expect(heading).to_be_visible()
    expect(page.get_by_role("button", name="ship", exact=True)).to_be_visible()
    resume.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("could not be loaded, retrying")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    site_process.start()
    page.get_by_role("button", name="Retry now").click()
    expect(alert).to_have_count(0)
    resume.click()
    expect(dialog).to_contain_text("will be cleared")
    page.close()


def test_an_open_page_tells_that_the_server_is_frozen(
    contexts: ContextOf, site_process: ApiServerProcess, story: Story
) -> None:
    """It keeps connections open and answers nothing. The page's limits of 30 and 60 s are a fifteenth of that here."""
    page = contexts("admin", "light").new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(
        "const limit = AbortSignal.timeout; AbortSignal.timeout = (ms) => limit.call(AbortSignal, ms / 15)"
    )
    page.goto(f"{site_process.url}{address(story.failed.workflow_id, 'steps')}")
    page.get_by_role("button", name="Compensate", exact=True).click()
    dialog = page.get_by_role("dialog")
    verb = dialog.get_by_role("button", name="Compensate", exact=True)
    expect(verb).to_be_enabled()

    page.route("**/compensate", lambda _: None)  # not sent, because a thawed server would carry it out
    verb.click()
    expect(dialog).to_contain_text("It is not known whether this was done")
    expect(dialog).to_contain_text("The api-server does not respond.")

    os.kill(site_process.pid, signal.SIGSTOP)
    try:
        page.keyboard.press("Escape")
        alert = page.get_by_role("alert").filter(has_text="The api-server does not respond.")
        expect(alert).to_have_count(1)
    finally:
        os.kill(site_process.pid, signal.SIGCONT)
    page.get_by_role("button", name="Retry now").click()
    expect(alert).to_have_count(0)
    page.close()
